import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Started, World } from '../../packages/cli/test/support/keelson.js';
import { makeWorld, program } from '../../packages/cli/test/support/keelson.js';
import { needs } from '../support/needs.js';

const wrote = 8 << 20;

let world: World;
let agent: Started | undefined;
beforeEach(async (context) => {
  needs(context, 'root', 'unshare');
  agent = undefined;
  world = await makeWorld();
  await world.json('run', '-d', '--name', 'mine', world.reference('hello'), '--', '/bin/sh', '-c', 'exit 0');
  await world.json('wait', 'mine');
  writeFileSync(join(world.root, 'sandboxes/mine/stdout'), Buffer.alloc(wrote, 'a line\n'));
});
afterEach(async () => {
  agent?.child.kill();
  await agent?.outcome;
  await world?.remove();
});

async function serve(who: string): Promise<void> {
  if (who === 'nobody') return;
  agent = world.start('agent');
  await agent.said('"ready":true');
}

/** The first bytes that are there, and then the rest a piece a turn: not as fast as they could come. */
async function readSlowly(child: ChildProcess): Promise<Buffer> {
  const chunks: Buffer[] = [];
  child.stdout!.pause();
  await once(child.stdout!, 'readable');
  for await (const chunk of child.stdout!) {
    chunks.push(chunk);
    await new Promise((resolve) => void setImmediate(resolve));
  }
  return Buffer.concat(chunks);
}

// What the reader of a pipe had not taken when the command ended was lost: all but 64 KiB.
describe('what a container wrote', { timeout: 180_000 }, () => {
  it.each(['nobody', 'an agent'])('is told a slow reader to its end, where %s serves', async (who) => {
    await serve(who);
    const logs = (...words: string[]) =>
      spawn(process.execPath, [program, '--root', world.root, ...words, 'logs', 'mine'], { stdio: ['ignore', 'pipe', 2] });

    expect((await readSlowly(logs())).length).toBe(wrote);
    const { stdout, omittedBytes } = JSON.parse((await readSlowly(logs('--json'))).toString());
    expect(stdout.length + omittedBytes.stdout).toBe(wrote);
  });

  it.each(['nobody', 'an agent'])('may be read in part, where %s serves', async (who) => {
    await serve(who);
    const logs = world.start('logs', 'mine');
    logs.child.stdout!.once('data', () => logs.child.stdout!.destroy());

    const { exitCode, stderr } = await logs.outcome;
    expect([exitCode, stderr]).toEqual([0, '']);
  });
});
