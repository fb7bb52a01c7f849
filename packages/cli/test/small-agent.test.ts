import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import { json } from '../../agent/test/support/serving.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

const example = fileURLToPath(new URL('../../../docs/examples/small-agent/agent.mjs', import.meta.url));

describe('docs/examples/small-agent', { timeout: 180_000 }, () => {
  let world: World;
  beforeEach(async (context) => {
    needs(context, 'root', 'unshare');
    world = await makeWorld();
  });
  afterEach(() => world?.remove());

  function start(list: string) {
    const child = spawn(process.execPath, [example, world.root, list], { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    }
    const said = async (wanted: string): Promise<void> => {
      while (!text.includes(wanted)) {
        if (child.exitCode !== null) throw new Error(`it ended without saying "${wanted}": ${text}`);
        await new Promise(setImmediate);
      }
    };
    const stop = async (): Promise<number | null> => {
      child.kill('SIGTERM');
      const [exitCode] = await once(child, 'close');
      return exitCode as number | null;
    };
    return { said, stop };
  }

  it('keeps what is on its list running, over its own end', async () => {
    const image = world.reference('hello');
    const list = join(world.root, '..', 'list.json');
    const argv = (script: string): string[] => ['/bin/sh', '-c', script];
    const forever = 'while :; do sleep 0.05; done';
    writeFileSync(list, JSON.stringify([{ id: 'web', image, argv: argv(forever) }, { id: 'once', image, argv: argv(':') }]));
    const first = start(list);
    await first.said('web runs\n');
    await first.said('once ended with 0\n');
    const socket = join(world.root, 'agent.sock');
    expect(await world.json('kill', 'web')).toEqual({ containerId: 'web', signal: 'SIGKILL' });
    await first.said('web ended with 137\nweb runs again\n');
    expect(await json({ socket }, { path: '/restarts' })).toEqual({ web: 1, once: 0 });
    expect(await first.stop()).toBe(0);
    const { containers } = await world.json('ps');
    expect(containers).toMatchObject([{ id: 'web', state: 'RUNNING' }]);

    const second = start(list);
    await second.said('web is there, RUNNING\n');
    await second.said('once ended with 0\n');
    expect(await second.stop()).toBe(0);
    await world.json('destroy', 'web');
  });

  it('is the text in the guide', () => {
    const guide = readFileSync(new URL('../../../docs/embedding.md', import.meta.url), 'utf8');
    expect(guide).toContain(`\`\`\`js\n${readFileSync(example, 'utf8')}\`\`\``);
  });
});
