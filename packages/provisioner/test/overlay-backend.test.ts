import { Runtime, VirtualClock } from '@keelson/process';
import { OverlayBackend } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { FakeMounts } from './support/fake-mounts.js';
import { imageOf } from './support/fake-store.js';
import { MemoryExecutor } from './support/memory-executor.js';
import { MemoryFiles } from './support/memory-files.js';
import { paths } from './support/simulated-provisioner.js';

const directory = paths.backend('web', 'overlay');
const rootfs = paths.rootfs('web', 'overlay', 'r1');
const scratch = `${directory}/scratch/r1`;
const { layers } = imageOf('alpine', ['a', 'b', 'c']);

function overlayBackend() {
  const runtime = new Runtime({ clock: new VirtualClock() });
  const files = new MemoryFiles();
  const mounts = new FakeMounts();
  const warnings: string[] = [];
  const executor = new MemoryExecutor(files);
  const backend = new OverlayBackend({ files, mounts, executor, warn: (warning) => warnings.push(warning) });
  return { runtime, files, mounts, warnings, backend: runtime.spawn(backend) };
}

describe('OverlayBackend', () => {
  it('mounts the layers top-most first over directories of this root filesystem alone', () => {
    const { runtime, mounts, backend } = overlayBackend();

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.get()).toEqual({ ephemeralVolumes: [`${scratch}/upperdir`, `${scratch}/workdir`] });
    expect(mounts.overlays).toEqual([
      {
        lower: ['/layers/c/rootfs', '/layers/b/rootfs', '/layers/a/rootfs'],
        upper: `${scratch}/upperdir`,
        work: `${scratch}/workdir`,
        target: rootfs,
      },
    ]);
  });

  it('leaves nothing when the mount fails', () => {
    const { runtime, files, mounts, backend } = overlayBackend();
    mounts.failure = 'EPERM';

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.failure()).toMatchObject({ code: 'PROVISION_FAILED' });
    expect([...files.nodes.keys()].filter((path) => path.includes('r1'))).toEqual([]);
  });

  it('refuses what is there already, and does not harm it', () => {
    const { runtime, files, mounts, backend } = overlayBackend();
    files.makeDirectories(rootfs);

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.failure()).toMatchObject({ code: 'PROVISION_FAILED' });
    expect(files.has(rootfs)).toBe(true);
    expect(mounts.overlays).toEqual([]);
  });

  it('refuses a layer whose deletions overlay cannot see', () => {
    const { runtime, files, backend } = overlayBackend();
    const [base, ...upper] = layers;
    const deleting = { ...base!, whiteouts: ['etc/motd'] };

    const unmarked = backend.provision([deleting, ...upper], rootfs, directory);
    runtime.settle();
    files.makeDirectories(`${deleting.rootfs}/etc`);
    files.nodes.set(`${deleting.rootfs}/etc/motd`, { kind: 'character' });
    const marked = backend.provision([deleting, ...upper], rootfs, directory);
    runtime.settle();

    expect(unmarked.failure()).toMatchObject({ code: 'BACKEND_UNSUITABLE' });
    expect(unmarked.failure().message).toContain('etc/motd');
    expect(marked.isReady()).toBe(true);
  });

  it('detaches, and leaves the rest to whoever removes the folder', () => {
    const { runtime, files, mounts, backend } = overlayBackend();
    backend.provision(layers, rootfs, directory);
    runtime.settle();

    const destroyed = backend.destroy(rootfs, directory, { folderGoes: true });
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(mounts.table).toEqual([]);
    expect(files.has(rootfs)).toBe(true);
  });

  it('refuses an image without layers', () => {
    const { runtime, backend } = overlayBackend();
    const result = backend.provision([], rootfs, directory);
    runtime.settle();
    expect(result.failure()).toMatchObject({ code: 'BACKEND_UNSUITABLE' });
  });

  it('detaches lazily whatever is stacked there, and removes its directories', () => {
    const { runtime, files, mounts, backend } = overlayBackend();
    backend.provision(layers, rootfs, directory);
    runtime.settle();
    mounts.mountBind({ source: '/x', target: rootfs });

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(mounts.table).toEqual([]);
    expect([...files.nodes.keys()].filter((path) => path.includes('r1'))).toEqual([]);
  });

  it('destroys after a reboot, when nothing is mounted', () => {
    const { runtime, files, mounts, backend } = overlayBackend();
    backend.provision(layers, rootfs, directory);
    runtime.settle();
    mounts.table.length = 0;

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(files.has(scratch)).toBe(false);
  });

  it('reports a busy directory and goes on (T17)', () => {
    const { runtime, files, warnings, backend } = overlayBackend();
    backend.provision(layers, rootfs, directory);
    runtime.settle();
    files.break('remove', rootfs, 'EBUSY');

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(files.has(scratch)).toBe(false);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(rootfs);
  });

  it('fails for any other reason, and says it', () => {
    const { runtime, files, backend } = overlayBackend();
    backend.provision(layers, rootfs, directory);
    runtime.settle();
    files.break('remove', scratch, 'EIO');

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.failure()).toMatchObject({ code: 'DESTROY_FAILED' });
    expect(destroyed.failure().message).toContain('EIO');
  });

  it('answers false when nothing is there', () => {
    const { runtime, backend } = overlayBackend();
    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();
    expect(destroyed.get()).toBe(false);
  });
});
