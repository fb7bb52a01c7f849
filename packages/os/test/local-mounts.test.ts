import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LocalMounts, PoolExecutor } from '@keelson/os';
import { mount } from '@keelson/os/system-calls';
import { mountOverlayByOptions, mountOverlayByParameters } from '../dist/overlay-mounting.js';
import { notRoot, temporaryDirectory } from './temporary-directory.js';

const executor = new PoolExecutor();
const mounts = new LocalMounts({ executor });
afterAll(async () => executor.close());

describe('LocalMounts', () => {
  it('lists mounts and file-system types', async () => {
    expect((await mounts.list()).map(({ target }) => target)).toContain('/proc');
    expect(await mounts.fileSystemTypes()).toEqual(expect.arrayContaining(['proc', 'tmpfs']));
  });

  it('probes a directory with entries and an empty one, and leaves nothing there', async ({
    onTestFinished,
  }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'empty'));

    const [full, empty] = [await mounts.probe(root), await mounts.probe(join(root, 'empty'))];

    expect(full).toEqual(empty);
    expect(full.entryTypes).toBe(true);
    expect(await mounts.probe('/proc')).toMatchObject({ type: 'proc' });
    expect(readdirSync(join(root, 'empty'))).toEqual([]);
    await expect(mounts.probe(join(root, 'missing'))).rejects.toMatchObject({
      name: 'FileError',
      code: 'ENOENT',
    });
  });

  it('fails with a FileError that names the target', async ({ onTestFinished }) => {
    const target = join(temporaryDirectory(onTestFinished), 'missing');

    const refused = notRoot ? 'EPERM' : 'ENOENT';
    await expect(mounts.unmount(target)).rejects.toMatchObject({
      name: 'FileError',
      code: refused,
      syscall: 'umount',
      path: target,
    });
  });
});

/** Layers `0`, `1`, … each with a file of its own and one `name` that the top-most wins. */
function layers(root: string, count: number, nameOf: (index: number) => string = String) {
  const lower = Array.from({ length: count }, (_, index) => {
    const path = join(root, 'layers', nameOf(index));
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, `file-${index}`), '');
    writeFileSync(join(path, 'name'), String(index));
    return path;
  });
  const [upper, work, target] = ['upper', 'work', 'merged'].map((name) => join(root, nameOf(-1), name)) as [
    string,
    string,
    string,
  ];
  for (const path of [upper, work, target]) mkdirSync(path, { recursive: true });
  return { lower, upper, work, target };
}

describe.skipIf(notRoot)(`LocalMounts as root (${notRoot ?? 'as root'})`, () => {
  it.each([1, 40, 500])('mounts an overlay of %i layers, the first on top', async (count) => {
    let clean = () => undefined as void;
    const overlay = layers(
      temporaryDirectory((f) => (clean = f)),
      count,
    );

    await mounts.mountOverlay(overlay);

    expect(readdirSync(overlay.target)).toHaveLength(count + 1);
    expect(readFileSync(join(overlay.target, 'name'), 'utf8')).toBe('0');
    writeFileSync(join(overlay.target, 'new'), '');
    expect(existsSync(join(overlay.upper, 'new'))).toBe(true);
    await mounts.unmount(overlay.target);
    expect(readdirSync(overlay.target)).toEqual([]);
    clean();
  });

  const odd = (index: number) => `a, b:c\\d "e" ü ${index}`;
  const long = (index: number) => join('x'.repeat(200), 'y'.repeat(200), String(index));
  it.each([
    ['parameters', 'plain', mountOverlayByParameters, 3, String],
    ['options', 'plain', mountOverlayByOptions, 3, String],
    ['parameters', 'odd', mountOverlayByParameters, 3, odd],
    ['options', 'odd', mountOverlayByOptions, 3, odd],
    ['parameters', 'long', mountOverlayByParameters, 60, long],
    ['options', 'long', mountOverlayByOptions, 60, long],
    [
      'options',
      'too many for readable',
      mountOverlayByOptions,
      200,
      (index: number) => `${'z'.repeat(64)}${index}`,
    ],
  ] as const)('mounts an overlay by %s with %s names', (_way, _names, mountOverlay, count, nameOf) => {
    let clean = () => undefined as void;
    const overlay = layers(
      temporaryDirectory((f) => (clean = f)),
      count,
      nameOf,
    );

    mountOverlay(overlay);

    expect(readdirSync(overlay.target)).toHaveLength(count + 1);
    writeFileSync(join(overlay.target, 'new'), '');
    expect(existsSync(join(overlay.upper, 'new'))).toBe(true);
    clean();
  });

  it('says that options cannot hold so many layers instead of mounting some', ({ onTestFinished }) => {
    const overlay = layers(temporaryDirectory(onTestFinished), 400, (index) => `${'z'.repeat(64)}${index}`);

    expect(() => mountOverlayByOptions(overlay)).toThrow(expect.objectContaining({ code: 'E2BIG' }));
    expect(readdirSync(overlay.target)).toEqual([]);
  });

  it('tells which directory of an overlay is missing', async ({ onTestFinished }) => {
    const overlay = layers(temporaryDirectory(onTestFinished), 2);
    const missing = join(overlay.upper, 'missing');

    await expect(mounts.mountOverlay({ ...overlay, lower: [missing] })).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('binds read-only without making the source so, and unmounts', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'source'));
    mkdirSync(join(root, 'target'));
    writeFileSync(join(root, 'source/file'), 'x');

    await mounts.mountBind({ source: join(root, 'source'), target: join(root, 'target'), readOnly: true });

    expect(readFileSync(join(root, 'target/file'), 'utf8')).toBe('x');
    expect(() => writeFileSync(join(root, 'target/file'), 'y')).toThrow(
      expect.objectContaining({ code: 'EROFS' }),
    );
    writeFileSync(join(root, 'source/file'), 'y');
    await mounts.unmount(join(root, 'target'));
    await expect(mounts.unmount(join(root, 'target'))).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('binds what is mounted below only when told to, and then read-only too', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    for (const name of ['source/inner', 'flat', 'deep']) mkdirSync(join(root, name), { recursive: true });
    mount({ source: 'none', target: join(root, 'source/inner'), type: 'tmpfs' });
    writeFileSync(join(root, 'source/inner/file'), '');

    await mounts.mountBind({ source: join(root, 'source'), target: join(root, 'flat') });
    await mounts.mountBind({
      source: join(root, 'source'),
      target: join(root, 'deep'),
      recursive: true,
      readOnly: true,
    });

    expect(readdirSync(join(root, 'flat/inner'))).toEqual([]);
    expect(readdirSync(join(root, 'deep/inner'))).toEqual(['file']);
    expect(() => writeFileSync(join(root, 'deep/inner/new'), '')).toThrow(
      expect.objectContaining({ code: 'EROFS' }),
    );
  });

  it('unmounts a busy target only lazily', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mount({ source: 'none', target: root, type: 'tmpfs' });
    mkdirSync(join(root, 'inner'));
    mount({ source: 'none', target: join(root, 'inner'), type: 'tmpfs' });

    await expect(mounts.unmount(root)).rejects.toMatchObject({ code: 'EBUSY' });
    await mounts.unmount(root, { lazy: true });

    expect(readdirSync(root)).toEqual([]);
  });

  it('probes what is mounted on top, not what its path begins like', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mount({ source: 'none', target: root, type: 'ramfs' });

    expect(await mounts.probe(root)).toEqual({ type: 'ramfs', entryTypes: true });
  });
});
