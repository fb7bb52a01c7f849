import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent } from '@keelson/agent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLayout } from './support/oci-layout.js';

const overlay = process.geteuid?.() === 0 && readFileSync('/proc/filesystems', 'utf8').includes('overlay');
let folder: string;
let root: string;
const open: Agent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-reboot-'));
  root = join(folder, 'root');
});
afterEach(async () => {
  for (const agent of open.splice(0)) await agent.close();
  unmountAll();
  rmSync(folder, { recursive: true, force: true });
});

async function started(): Promise<Agent> {
  const agent = Agent.create({ root, backend: overlay ? 'overlay' : 'copy' });
  open.push(agent);
  await agent.start();
  return agent;
}

function mounts(): string[] {
  const targets = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').map((line) => line.split(' ')[4] ?? '');
  return targets.filter((target) => target.startsWith(`${folder}/`));
}

function unmountAll(): void {
  for (const target of mounts().toReversed()) execFileSync('umount', ['-l', target]);
}

describe('after the machine was started anew', () => {
  it.each([
    ['the mounts are gone', false],
    ['the mounts and the runtime folder are gone', true],
  ])('when %s, the agent starts, knows what it can know and leaves nothing behind', async (_what, runtimeToo) => {
    const image = writeLayout(join(folder, 'layout'), ['app']);
    const before = await started();
    await before.provision({ id: 'tree', image: image('app') });
    await before.close();
    unmountAll();
    if (runtimeToo) rmSync(join(root, 'runtime'), { recursive: true });

    const agent = await started();
    const known = (await agent.containers()).map(({ id }) => id);
    expect(known).toEqual(runtimeToo ? [] : ['tree']);
    for (const id of known) await agent.destroy(id);
    await agent.pruneImages({ wait: true });

    expect(await agent.images()).toEqual([]);
    expect(mounts()).toEqual([]);
    await agent.close();
    const left = ['provisioner/containers', 'runtime/containers', 'store/docker/layers', 'store/docker/gc'];
    expect(left.flatMap((path) => (existsSync(join(root, path)) ? readdirSync(join(root, path)) : []))).toEqual([]);
  });
});
