import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BackendName } from '@keelson/agent';
import { Agent } from '@keelson/agent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLayout } from '../../packages/agent/test/support/oci-layout.js';
import { needs } from '../support/needs.js';

/*
 * A container in state PROVISIONED was listed as standing after a reboot although its mount was gone: its root
 * filesystem was an empty folder, and what a user wrote there went into that folder.
 */

let folder: string;
let root: string;
let log: string[];
const open: Agent[] = [];
beforeEach((context) => {
  needs(context, 'root', 'overlayfs');
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-standing-'));
  root = join(folder, 'root');
  log = [];
});
afterEach(async () => {
  for (const agent of open.splice(0)) await agent.close();
  if (!folder) return;
  unmountAll();
  rmSync(folder, { recursive: true, force: true });
});

async function started(): Promise<Agent> {
  const agent = Agent.create({ root, log: ({ level, message }) => log.push(`${level} ${message}`) });
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

/** A container that stands on an image, as its agent left it when the machine went down. */
async function left(backend: BackendName, write: (rootfs: string) => void) {
  const image = writeLayout(join(folder, 'layout'), ['app'], { layers: backend === 'bind' ? 1 : 2 });
  const agent = await started();
  const { rootfs, layers } = await agent.provision({ id: 'tree', image: image('app'), backend });
  write(rootfs);
  await open.pop()!.close();
  unmountAll();
  return { rootfs, layers };
}

describe('a provisioned root filesystem, after a reboot', () => {
  it('stands again, with what was written to it', async () => {
    const { rootfs } = await left('overlay', (path) => writeFileSync(join(path, 'written'), 'kept'));
    expect(existsSync(join(rootfs, 'etc/app'))).toBe(false);

    const agent = await started();
    expect(await agent.containers()).toMatchObject([{ id: 'tree', state: 'PROVISIONED' }]);
    expect(readFileSync(join(rootfs, 'etc/app'), 'utf8')).toMatch(/^I am app/);
    expect(readFileSync(join(rootfs, 'written'), 'utf8')).toBe('kept');
    writeFileSync(join(rootfs, 'etc/app'), 'changed');
    await open.pop()!.close();
    expect(mounts()).toEqual([rootfs]);

    const again = await started();
    expect(mounts()).toEqual([rootfs]);
    await again.destroy('tree');
    expect(mounts()).toEqual([]);
  });

  it('stands again where its layer itself is shown', async () => {
    const { rootfs } = await left('bind', () => {});
    const agent = await started();
    expect(readFileSync(join(rootfs, 'etc/base'), 'utf8')).toMatch(/^I am base/);
    expect(() => writeFileSync(join(rootfs, 'etc/base'), '')).toThrow(/EROFS/);
    await agent.destroy('tree');
  });

  it('says that it is lost when a layer is, and can be destroyed', async () => {
    const { layers } = await left('overlay', () => {});
    rmSync(join(root, 'store/docker/layers', layers.at(-1)!), { recursive: true });
    const agent = await started();
    const [tree] = await agent.containers();
    expect(tree).toMatchObject({ state: 'PROVISIONED', message: expect.stringMatching(/'tree' is lost: .*layer .* is gone/) });
    expect(log).toContainEqual(expect.stringMatching(/^warn The root filesystem of 'tree' is lost/));
    await agent.destroy('tree');
    expect(await agent.containers()).toEqual([]);
  });
});
