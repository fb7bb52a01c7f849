import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, mkdtempSync, unlinkSync } from 'node:fs';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { LocalFiles, LocalMounts, PoolExecutor } from '@keelson/os';
import type { PID } from '@keelson/process';
import { Runtime } from '@keelson/process';
import type { Backend } from '@keelson/provisioner';
import { BindBackend, chooseBackend, CopyBackend, createBackends, OverlayBackend } from '@keelson/provisioner';
import { provisionerJobs, ProvisionerPaths } from '@keelson/provisioner';
import type { LayerTree } from '@keelson/store';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = process.geteuid?.() === 0;
const executor = new PoolExecutor({ jobs: provisionerJobs });
const files = new LocalFiles();
const mounts = new LocalMounts({ executor });

let folder: string;
let runtime: Runtime;

beforeEach(() => {
  // In memory where there is such a folder: overlay needs a file system that is not an overlay itself.
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-provisioner-'));
  runtime = new Runtime({ executor });
});

afterEach(async () => {
  await runtime.finalize();
  // Only a test that failed leaves one.
  for (const { target } of await mounts.list()) {
    if (target.startsWith(folder)) await mounts.unmount(target, { lazy: true });
  }
  rmSync(folder, { recursive: true, force: true });
});

afterAll(async () => {
  await executor.close();
});

/** A layer holding these files. Its name is long, as those of real layers are. */
function layer(name: string, contents: Readonly<Record<string, string>>): LayerTree {
  const id = name.padEnd(64, '0');
  const rootfs = join(folder, 'layers', id, 'rootfs');
  mkdirSync(rootfs, { recursive: true });
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(rootfs, path)), { recursive: true });
    writeFileSync(join(rootfs, path), content);
  }
  return { id, rootfs, whiteouts: [], opaques: [], sizeBytes: 0 };
}

function places(backend: string): { rootfs: string; directory: string } {
  const paths = new ProvisionerPaths(join(folder, 'provisioner'));
  return { rootfs: paths.rootfs('web', backend, 'r1'), directory: paths.backend('web', backend) };
}

type Make = () => PID<Backend>;

const backends: [string, Make][] = [['copy', () => runtime.spawn(new CopyBackend({ files, executor }))]];
if (root) backends.push(['overlay', () => runtime.spawn(new OverlayBackend({ files, mounts, executor }))]);

describe.each(backends)('%s on this machine', (name, make) => {
  it('shows both layers merged, changes neither, and leaves nothing when destroyed', async () => {
    const backend = make();
    const { rootfs, directory } = places(name);
    const base = layer('a', { 'dir1/file1': 'base', file: 'base' });
    const upper = layer('b', { 'dir2/file2': 'upper', file: 'upper' });

    await backend.provision([base, upper], rootfs, directory);

    expect(readFileSync(join(rootfs, 'dir1/file1'), 'utf8')).toBe('base');
    expect(readFileSync(join(rootfs, 'dir2/file2'), 'utf8')).toBe('upper');
    expect(readFileSync(join(rootfs, 'file'), 'utf8')).toBe('upper');
    writeFileSync(join(rootfs, 'dir1/file1'), 'changed');
    expect(readFileSync(join(base.rootfs, 'dir1/file1'), 'utf8')).toBe('base');

    expect(await backend.destroy(rootfs, directory)).toBe(true);
    expect(existsSync(rootfs)).toBe(false);
    expect(await backend.destroy(rootfs, directory)).toBe(false);
  });

  it('serves 64 layers with long paths (MESOS-6000)', async () => {
    const backend = make();
    const { rootfs, directory } = places(name);
    const layers = Array.from({ length: 64 }, (_, index) => layer(`${index}-`, { [`file${index}`]: `${index}` }));

    await backend.provision(layers, rootfs, directory);

    const shown = layers.map((_, index) => readFileSync(join(rootfs, `file${index}`), 'utf8'));
    expect(shown).toEqual(layers.map((_, index) => `${index}`));
    await backend.destroy(rootfs, directory);
  });

  it('gives the root of the container mode and owner of the image, whatever the umask', async () => {
    const backend = make();
    const { rootfs, directory } = places(name);
    const only = layer('a', { file: '' });
    if (root) chownSync(only.rootfs, 1234, 5678);
    chmodSync(only.rootfs, 0o1777);
    const { uid, gid } = lstatSync(only.rootfs);

    await backend.provision([only], rootfs, directory);

    expect(lstatSync(rootfs)).toMatchObject({ mode: 0o41777, uid, gid });
    await backend.destroy(rootfs, directory);
  });
});

describe.skipIf(!root)('bind on this machine, as root', () => {
  it('shows one layer that nobody can write to, and gives back the mount point alone', async () => {
    const backend = runtime.spawn(new BindBackend({ files, mounts }));
    const { rootfs, directory } = places('bind');
    const only = layer('a', { 'dir/file': 'content' });

    await backend.provision([only], rootfs, directory);

    expect(readFileSync(join(rootfs, 'dir/file'), 'utf8')).toBe('content');
    expect(() => writeFileSync(join(rootfs, 'dir/file'), 'changed')).toThrow('EROFS');
    expect(() => unlinkSync(join(rootfs, 'dir/file'))).toThrow('EROFS');

    expect(await backend.destroy(rootfs, directory)).toBe(true);
    expect(existsSync(rootfs)).toBe(false);
    expect(readFileSync(join(only.rootfs, 'dir/file'), 'utf8')).toBe('content');
    expect(await backend.destroy(rootfs, directory)).toBe(false);
  });
});

describe.skipIf(!root)('overlay on this machine, as root', () => {
  it('destroys while somebody still has a file open', async () => {
    const backend = runtime.spawn(new OverlayBackend({ files, mounts, executor }));
    const { rootfs, directory } = places('overlay');
    await backend.provision([layer('a', { file: 'content' })], rootfs, directory);
    const held = await open(join(rootfs, 'file'));

    expect(await backend.destroy(rootfs, directory)).toBe(true);

    expect((await held.readFile()).toString()).toBe('content');
    await held.close();
  });

  it('is what is chosen here, if a trial mount succeeds', async () => {
    const paths = new ProvisionerPaths(join(folder, 'provisioner'));
    const available = await createBackends({ runtime, paths, files, mounts, executor, host: { effectiveUserId: 0 } });

    const expected = (await available.whyUnsuitable('overlay')) === undefined ? 'overlay' : 'copy';
    expect((await chooseBackend(available)).name).toBe(expected);
    expect(existsSync(join(paths.root, '.probe'))).toBe(false);
  });
});
