import { Runtime, VirtualClock } from '@keelson/process';
import { CopyBackend } from '@keelson/provisioner';
import { describe, expect, it } from 'vitest';
import { imageOf } from './support/fake-store.js';
import { MemoryExecutor } from './support/memory-executor.js';
import { MemoryFiles } from './support/memory-files.js';
import { paths } from './support/simulated-provisioner.js';

const directory = paths.backend('web', 'copy');
const rootfs = paths.rootfs('web', 'copy', 'r1');
const { layers } = imageOf('alpine', ['a', 'b']);

function copyBackend() {
  const runtime = new Runtime({ clock: new VirtualClock() });
  const files = new MemoryFiles();
  const executor = new MemoryExecutor(files);
  const warnings: string[] = [];
  const backend = new CopyBackend({ files, executor, warn: (warning) => warnings.push(warning) });
  return { runtime, files, executor, warnings, backend: runtime.spawn(backend) };
}

describe('CopyBackend', () => {
  it('copies the layers in the executor, base first', () => {
    const { runtime, executor, backend } = copyBackend();

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.get()).toEqual({ ephemeralVolumes: [] });
    expect(executor.jobs).toEqual([
      {
        name: 'provisioner.copy-layers',
        input: {
          layers: [
            { rootfs: '/layers/a/rootfs', whiteouts: [], opaques: [] },
            { rootfs: '/layers/b/rootfs', whiteouts: [], opaques: [] },
          ],
          target: rootfs,
        },
      },
    ]);
  });

  it('warns about what of the image could not be kept', () => {
    const { runtime, executor, warnings, backend } = copyBackend();
    executor.skipped = [{ path: 'bin/su', why: 'owner 0:0' }];

    backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(warnings).toEqual([`Copied '${rootfs}' but for 1 details: 'bin/su': owner 0:0`]);
  });

  it('leaves nothing of a copy that failed', () => {
    const { runtime, files, executor, backend } = copyBackend();
    executor.copyFailure = 'ENOSPC';

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.failure()).toMatchObject({ code: 'PROVISION_FAILED' });
    expect(result.failure().message).toContain('ENOSPC');
    expect([...files.nodes.keys()].filter((path) => path.includes('r1'))).toEqual([]);
  });

  it('refuses to copy over what is there, and does not harm it', () => {
    const { runtime, files, backend } = copyBackend();
    files.makeDirectories(rootfs);

    const result = backend.provision(layers, rootfs, directory);
    runtime.settle();

    expect(result.failure()).toMatchObject({ code: 'PROVISION_FAILED' });
    expect(files.has(rootfs)).toBe(true);
  });

  it('refuses an image without layers', () => {
    const { runtime, backend } = copyBackend();
    const result = backend.provision([], rootfs, directory);
    runtime.settle();
    expect(result.failure()).toMatchObject({ code: 'BACKEND_UNSUITABLE' });
  });

  it('destroys by a rename, then removes in the executor', () => {
    const { runtime, files, executor, backend } = copyBackend();
    files.put(`${rootfs}/etc/hosts`, '');

    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(destroyed.get()).toBe(true);
    expect(executor.jobs).toEqual([{ name: 'os.remove-tree', input: { path: `${directory}/trash/r1` } }]);
    expect([...files.nodes.keys()].filter((path) => path.includes('r1'))).toEqual([]);
  });

  it('takes up a removal that was cut short', () => {
    const { runtime, files, backend } = copyBackend();
    files.makeDirectories(rootfs);
    files.break('remove', `${directory}/trash/r1`, 'EIO');
    const failed = backend.destroy(rootfs, directory);
    runtime.settle();
    expect(failed.failure()).toMatchObject({ code: 'DESTROY_FAILED' });
    expect(files.has(rootfs)).toBe(false);

    files.heal();
    const again = backend.destroy(rootfs, directory);
    runtime.settle();

    expect(again.get()).toBe(true);
    expect(files.has(`${directory}/trash/r1`)).toBe(false);
  });

  it('answers false when nothing is there', () => {
    const { runtime, backend } = copyBackend();
    const destroyed = backend.destroy(rootfs, directory);
    runtime.settle();
    expect(destroyed.get()).toBe(false);
  });
});
