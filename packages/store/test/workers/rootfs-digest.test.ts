import { setExtendedAttribute } from '@keelson/os/system-calls';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileDigests } from '../../dist/workers/file-digests.js';
import hashTree from '../../dist/workers/hash-tree.js';
import { archive } from '../../../image/test/archive.js';
import { isRoot, LayerBench, scratchFolder } from './layers.js';

const bench = new LayerBench(scratchFolder('digest'));
const long = 'x'.repeat(3_000_000);

describe('the digest of an unpacked tree', () => {
  it.each([
    ['files that come in one piece and in many', [
      { name: 'a', content: 'a' },
      { name: 'long', content: long },
      { name: 'empty', content: '' },
    ]],
    ['a file that comes twice', [{ name: 'd/f', content: 'first' }, { name: 'd/f', content: 'second' }]],
    ['a file that gives way to an empty one', [{ name: 'f', content: 'first' }, { name: 'f', content: '' }]],
    ['hard links, and one whose first name is gone', [
      { name: 'd/one', content: 'content' },
      { name: 'two', type: '1', linkName: 'd/one' },
      { name: 'd', type: '2', linkName: 'elsewhere' },
    ]],
    ['a folder that gives way to a file, and back', [
      { name: 'd/f', content: 'old' },
      { name: 'd', content: 'file' },
      { name: 'd/', mode: 0o755 },
      { name: 'd/f', content: 'new' },
    ]],
    ['a link to a file of the layer below, in the place of one of its own', [
      { name: 'own', content: 'own' },
      { name: 'own', type: '1', linkName: 'below' },
    ]],
  ])('is that of what is on the disk: %s', async (_, members) => {
    const base = await bench.unpack(archive({ name: 'below', content: 'from below' }));
    const layer = await bench.unpack(archive(...members), [base]);
    const { rootfs: path, contents: known, plain } = layer;
    expect(await hashTree({ path, known, plain })).toEqual(await hashTree({ path }));
  });

  it.runIf(isRoot)('has the attributes that a layer sets, and those that a file system gives to all', async () => {
    const files = Array.from({ length: 150 }, (_, index) => ({ name: `f${1000 + index}`, content: 'c' }));
    const last = { name: 'last', content: 'c', pax: [['SCHILY.xattr.user.kept', 'v'] as const] };
    const some = await bench.unpack(archive(...files, last));
    expect(some.plain).toBe(false);
    const none = await bench.unpack(archive(...files, { name: 'last', content: 'c' }));
    expect(none.plain).toBe(true);

    const plain = await hashTree({ path: none.rootfs, plain: true });
    expect(plain).toEqual(await hashTree({ path: none.rootfs }));
    for (const { name } of files) setExtendedAttribute(join(none.rootfs, name), 'user.label', Buffer.from(name));
    const labelled = await hashTree({ path: none.rootfs, plain: true });
    expect(labelled).not.toEqual(plain);
    expect(labelled).toEqual(await hashTree({ path: none.rootfs }));
  });

  it('is another once a byte of it is', async () => {
    const { rootfs: path, contents: known } = await bench.unpack(archive({ name: 'f', content: 'content', mtime: 1 }));
    const { digest } = await hashTree({ path, known });
    fs.writeFileSync(join(path, 'f'), 'Content');
    fs.utimesSync(join(path, 'f'), 1, 1);
    expect((await hashTree({ path })).digest).not.toBe(digest);
    // Nothing that is known is read.
    expect((await hashTree({ path, known })).digest).toBe(digest);
  });
});

describe('digests of contents', () => {
  it('come through another thread as they were, whatever bytes names and digests have', () => {
    const digests = new FileDigests();
    const names = ['top', 'd/\x01\xff', 'd/e/f', 'd/e/0', '12/34'];
    for (const [index, name] of names.entries()) {
      digests.update(Buffer.from(`content ${index}`), 9);
      digests.end(name);
    }
    const copy = FileDigests.unpack(structuredClone(digests.pack()));
    expect(names.map((name) => copy.get(name))).toEqual(names.map((name) => digests.get(name)));
    expect(copy.get('none')).toBeUndefined();
    expect(FileDigests.unpack(new FileDigests().pack()).get('top')).toBeUndefined();
  });
});

describe('a layer that is still on its way to its place', () => {
  it.each(['before', 'after'])('can be built on, also when it moves %s the next one is begun', async (moment) => {
    const base = await bench.unpack(
      archive({ name: 'usr/lib/', mode: 0o711 }, { name: 'lib', type: '2', linkName: 'usr/lib' }),
    );
    const place = join(bench.fresh('published'), 'rootfs');
    const move = () => fs.renameSync(base.rootfs, place);
    if (moment === 'before') move();
    const moving = { ...base, rootfs: place, stagedRootfs: base.rootfs };
    const unpacked = bench.unpack(archive({ name: 'lib/f', content: 'f' }), [moving]);
    // It has opened what it stands on, and waits for its first bytes.
    if (moment === 'after') move();
    const { rootfs } = await unpacked;
    expect(fs.lstatSync(join(rootfs, 'usr/lib')).mode & 0o777).toBe(0o711);
    expect(fs.readFileSync(join(rootfs, 'usr/lib/f'), 'utf8')).toBe('f');
  });

  it('is missed when it is in neither place', async () => {
    const [base] = await bench.stack([{ name: 'f', content: '' }]);
    const gone = { ...base!, rootfs: '/nowhere/rootfs', stagedRootfs: '/nowhere/staged' };
    await expect(bench.unpack(archive({ name: 'g', content: '' }), [gone])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
