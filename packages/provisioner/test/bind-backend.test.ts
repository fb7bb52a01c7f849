import { Runtime, VirtualClock } from '@keelson/process';
import { BindBackend } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { FakeMounts } from './support/fake-mounts.js';
import { imageOf } from './support/fake-store.js';
import { MemoryFiles } from './support/memory-files.js';
import { paths } from './support/simulated-provisioner.js';

const directory = paths.backend('web', 'bind');
const rootfs = paths.rootfs('web', 'bind', 'r1');
const { layers } = imageOf('busybox', ['a']);

function bindBackend() {
  const runtime = new Runtime({ clock: new VirtualClock() });
  const files = new MemoryFiles();
  const mounts = new FakeMounts();
  const warnings: string[] = [];
  const actor = new BindBackend({ files, mounts, warn: (warning) => warnings.push(warning) });
  return { runtime, files, mounts, warnings, actor, backend: runtime.spawn(actor) };
}

function provisioned() {
  const world = bindBackend();
  world.backend.provision(layers, rootfs, directory);
  world.runtime.settle();
  return world;
}

describe('BindBackend', () => {
  it('mounts the one layer, read-only, and has no writable directories', () => {
    const { runtime, mounts, backend } = bindBackend();

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.get()).toEqual({ ephemeralVolumes: [] });
    expect(mounts.binds).toEqual([{ source: '/layers/a/rootfs', target: rootfs, readOnly: true }]);
  });

  it.each([
    ['no layers', [], 'no layers'],
    ['two layers', imageOf('alpine', ['a', 'b']).layers, '2 layers'],
    ['a layer with marks for overlay', [{ ...layers[0]!, whiteouts: ['etc/motd'] }], 'etc/motd'],
  ])('refuses an image with %s, and says what to use', (_, unsuitable, reason) => {
    const { runtime, files, mounts, backend } = bindBackend();

    const result = backend.provision(unsuitable, rootfs, directory);
    runtime.settle();

    expect(result.failure()).toMatchObject({ code: 'BACKEND_UNSUITABLE' });
    expect(result.failure().message).toContain(reason);
    expect(result.failure().message).toContain('copy');
    expect(mounts.table).toEqual([]);
    expect(files.has(rootfs)).toBe(false);
  });

  it('refuses what is there already, and does not harm it', () => {
    const { runtime, files, mounts, backend } = bindBackend();
    files.makeDirectories(rootfs);

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.failure()).toMatchObject({ code: 'PROVISION_FAILED' });
    expect(files.has(rootfs)).toBe(true);
    expect(mounts.binds).toEqual([]);
  });

  it('leaves nothing when the mount fails', () => {
    const { runtime, files, mounts, backend } = bindBackend();
    mounts.failure = 'EPERM';

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.failure()).toMatchObject({ code: 'PROVISION_FAILED' });
    expect(files.has(rootfs)).toBe(false);
  });

  it('detaches lazily whatever is stacked there, and removes the mount point', () => {
    const { runtime, files, mounts, backend } = provisioned();
    mounts.mountBind({ source: '/x', target: rootfs });

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(mounts.table).toEqual([]);
    expect(files.has(rootfs)).toBe(false);
  });

  it('destroys after a reboot, when nothing is mounted', () => {
    const { runtime, files, mounts, backend } = provisioned();
    mounts.table.length = 0;

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(files.has(rootfs)).toBe(false);
  });

  it('reports and counts a busy mount point, and goes on (T17)', () => {
    const { runtime, files, warnings, actor, backend } = provisioned();
    files.break('remove', rootfs, 'EBUSY');

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(actor.removeRootfsErrors.count).toBe(1);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(rootfs);
  });

  it('fails for any other reason: a mount point that holds something is never emptied', () => {
    const { runtime, files, backend } = provisioned();
    files.break('remove', rootfs, 'ENOTEMPTY');

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.failure()).toMatchObject({ code: 'DESTROY_FAILED' });
    expect(destroyed.failure().message).toContain('ENOTEMPTY');
  });

  it('answers false when nothing is there', () => {
    const { runtime, backend } = bindBackend();
    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();
    expect(destroyed.get()).toBe(false);
  });
});
