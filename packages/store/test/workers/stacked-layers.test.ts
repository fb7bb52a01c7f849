import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Member } from '../../../image/test/archive.js';
import { isRoot, LayerBench, scratchFolder } from './layers.js';
import { paths, snapshot } from './tree.js';

const bench = new LayerBench(scratchFolder('stack'));
/** The last of some layers, each over those before it. */
const top = async (...layers: readonly (readonly Member[])[]) => (await bench.stack(...layers)).at(-1)!;

describe('a layer over others', () => {
  const usrMerge: Member[] = [
    { name: 'usr/lib/', mode: 0o711, mtime: 5 },
    { name: 'usr/lib/base', content: 'base' },
    { name: 'lib', type: '2', linkName: 'usr/lib' },
    { name: 'abs', type: '2', linkName: '/lib/../lib' },
  ];

  it('sees through a directory link below, relative or absolute', async () => {
    const layer = await top(usrMerge, [
      { name: 'lib/one' },
      { name: 'abs/deep/two' },
      { name: './lib/three' },
    ]);
    expect(paths(layer.rootfs)).toEqual([
      'usr',
      'usr/lib',
      'usr/lib/deep',
      'usr/lib/deep/two',
      'usr/lib/one',
      'usr/lib/three',
    ]);
  });

  it('takes an absolute link from the root and a relative one from where it stands', async () => {
    const links: Member[] = [
      { name: 'deep/er/abs', type: '2', linkName: '/usr' },
      { name: 'deep/er/rel', type: '2', linkName: 'usr' },
      { name: 'deep/er/up', type: '2', linkName: '../usr' },
    ];
    const names: Member[] = ['abs', 'rel', 'up'].map((link) => ({ name: `deep/er/${link}/from-${link}` }));
    const landed = ['usr/from-abs', 'deep/er/usr/from-rel', 'deep/usr/from-up'];
    expect(paths((await top(links, names)).rootfs)).toEqual(expect.arrayContaining(landed));
    expect(paths((await top([...links, ...names])).rootfs)).toEqual(expect.arrayContaining(landed));
  });

  it('resolves the links below as they stand after each entry', async () => {
    const layer = await top(usrMerge, [
      { name: 'lib/one' },
      { name: 'lib/' },
      { name: 'lib/two' },
      { name: 'abs', type: '2', linkName: 'elsewhere' },
      { name: 'elsewhere/' },
      { name: 'abs/three' },
    ]);
    expect(paths(layer.rootfs)).toEqual([
      'abs',
      'elsewhere',
      'elsewhere/three',
      'lib',
      'lib/two',
      'usr',
      'usr/lib',
      'usr/lib/one',
    ]);
  });

  it('notices a link that is replaced through itself', async () => {
    const layer = await top(
      [{ name: 'a/self', type: '2', linkName: '.' }],
      [{ name: 'a/self/one' }, { name: 'a/self/self/' }, { name: 'a/self/two' }],
    );
    expect(paths(layer.rootfs)).toEqual(['a', 'a/one', 'a/self', 'a/self/two']);
  });

  it('never climbs out of the root with a link below', async () => {
    const layer = await top(
      [{ name: 'up', type: '2', linkName: '../../../../../../usr' }],
      [{ name: 'up/x' }],
    );
    expect(paths(layer.rootfs)).toEqual(['usr', 'usr/x']);
  });

  it('does not change a directory that it only writes below', async () => {
    const attributes = isRoot ? [['SCHILY.xattr.user.kept', 'v'] as const] : [];
    const base: Member[] = [
      { name: 'd/', mode: 0o1751, uid: isRoot ? 7 : 0, mtime: 99, pax: attributes },
      { name: 'd/e/', mode: 0o500, mtime: 98 },
    ];
    const [lower, upper] = await bench.stack(base, [{ name: 'd/e/new' }]);
    const [before, after] = [snapshot(lower!.rootfs), snapshot(upper!.rootfs)];
    expect([after['d'], after['d/e']]).toEqual([before['d'], before['d/e']]);
  });

  it('keeps the root as it was unless it lists it', async () => {
    const base: Member[] = [{ name: './', mode: 0o711, mtime: 77 }];
    const [lower, silent] = await bench.stack(base, [{ name: 'x' }]);
    expect(snapshot(silent!.rootfs)['.']).toBe(snapshot(lower!.rootfs)['.']);
    const loud = await top(base, [{ name: '.', type: '5', mode: 0o700 }]);
    expect(fs.statSync(loud.rootfs).mode & 0o777).toBe(0o700);
  });

  it('copies up a file below to link it, with all it has', async () => {
    const owner = isRoot ? { uid: 3, gid: 4 } : {};
    const base: Member[] = [{ name: 'bin/tool', content: 'tool', mode: 0o4755, mtime: 42, ...owner }];
    const [lower, upper] = await bench.stack(base, [{ name: 'sbin/alias', type: '1', linkName: 'bin/tool' }]);
    const [before, after] = [snapshot(lower!.rootfs), snapshot(upper!.rootfs)];
    expect(after['bin/tool']).toBe(before['bin/tool']);
    expect(after['sbin/alias']).toBe(`${before['bin/tool']} same as bin/tool`);
    expect(upper!.sizeBytes).toBe(4);
    expect(fs.readFileSync(join(lower!.rootfs, 'bin/tool'), 'utf8')).toBe('tool');
  });

  it('copies up links and special files to link them too', async () => {
    const base: Member[] = [
      { name: 's', type: '2', linkName: 'nowhere' },
      { name: 'f', type: '6', mode: 0o611 },
    ];
    const layer = await top(base, [
      { name: 's2', type: '1', linkName: 's' },
      { name: 'f2', type: '1', linkName: 'f' },
    ]);
    expect(paths(layer.rootfs)).toEqual(['f', 'f2', 's', 's2']);
    expect(fs.readlinkSync(join(layer.rootfs, 's2'))).toBe('nowhere');
  });
});

describe('whiteouts', () => {
  const base: Member[] = [
    { name: 'd/a', content: 'base' },
    { name: 'd/b' },
    { name: 'd/sub/c' },
    { name: 'file' },
  ];
  const marks = async (...members: Member[]) => {
    const { whiteouts, opaques } = await top(base, members);
    return { whiteouts, opaques };
  };

  it('hide what is below, and are listed', async () => {
    expect(await marks({ name: 'd/.wh.a' }, { name: '.wh.file' })).toEqual({
      whiteouts: ['d/a', 'file'],
      opaques: [],
    });
    expect(await marks({ name: 'd/.wh..wh..opq' })).toEqual({ whiteouts: [], opaques: ['d'] });
  });

  it('of the whole root hide every name in it, for overlayfs knows no opaque root', async () => {
    expect(await marks({ name: '.wh..wh..opq' })).toEqual({ whiteouts: ['d', 'file'], opaques: [] });
    expect(await marks({ name: 'd/new' }, { name: '.wh..wh..opq' })).toEqual({
      whiteouts: ['file'],
      opaques: ['d'],
    });
  });

  it('never hide what the same layer brings, before or after them', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const members: Member[] = [{ name: 'd/.wh.a' }, { name: 'd/a', content: 'upper' }];
      const layer = await top(
        base,
        order.map((index) => members[index]!),
      );
      expect(layer).toMatchObject({ whiteouts: [], opaques: [] });
      expect(fs.readFileSync(join(layer.rootfs, 'd/a'), 'utf8')).toBe('upper');
    }
  });

  it('over a directory that the same layer makes again make it opaque', async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      const members: Member[] = [{ name: '.wh.d' }, { name: 'd/' }, { name: 'd/new' }];
      expect(await marks(...order.map((index) => members[index]!))).toEqual({
        whiteouts: [],
        opaques: ['d'],
      });
    }
  });

  it('are not needed for a directory that was covered by a file in between', async () => {
    expect(await marks({ name: 'd', content: 'file' }, { name: 'd/' }, { name: 'd/new' })).toEqual({
      whiteouts: [],
      opaques: ['d'],
    });
  });

  it('that hide nothing are not kept', async () => {
    expect(await marks({ name: '.wh.unknown' }, { name: 'new/.wh.x' }, { name: 'new/.wh..wh..opq' })).toEqual(
      { whiteouts: [], opaques: [] },
    );
    expect(await marks({ name: '.wh.d' }, { name: 'd/.wh.a' })).toEqual({ whiteouts: [], opaques: ['d'] });
    expect(
      await marks({ name: 'd/.wh.a' }, { name: 'd/sub/.wh..wh..opq' }, { name: 'd/.wh..wh..opq' }),
    ).toEqual({ whiteouts: [], opaques: ['d'] });
  });

  it('hide what a lower layer brings again, and not what an upper one does', async () => {
    const [, second, third] = await bench.stack(
      base,
      [{ name: '.wh.d' }],
      [{ name: 'd/' }, { name: 'd/.wh.a' }],
    );
    expect(second).toMatchObject({ whiteouts: ['d'], opaques: [] });
    expect(third).toMatchObject({ whiteouts: [], opaques: [] });
  });

  it('see through the links below', async () => {
    const layer = await top([...base, { name: 'l', type: '2', linkName: 'd' }], [{ name: 'l/.wh.a' }]);
    expect(layer.whiteouts).toEqual(['d/a']);
  });

  it('hide from the entries that follow them', async () => {
    const layer = await top(
      [...base, { name: 'l', type: '2', linkName: 'd' }],
      [{ name: '.wh.l' }, { name: 'l/x' }],
    );
    expect(layer).toMatchObject({ whiteouts: [], opaques: ['l'] });
    expect(paths(layer.rootfs)).toEqual(['l', 'l/x']);
  });

  it('still hide when their directory is left and entered again', async () => {
    const layer = await top(
      [{ name: 'd/l', type: '2', linkName: '../elsewhere' }],
      [{ name: 'd/.wh..wh..opq' }, { name: 'z/file' }, { name: 'd/l/x' }],
    );
    expect(paths(layer.rootfs)).toEqual(['d', 'd/l', 'd/l/x', 'z', 'z/file']);
  });

  it('have names in the record that are bytes', async () => {
    const layer = await top(
      [{ name: 'a\xff' }, { name: '100%' }],
      [{ name: '.wh.a\xff' }, { name: '.wh.100%' }],
    );
    expect(layer.whiteouts).toEqual(['100%25', 'a%FF']);
  });

  it.skipIf(!isRoot)('are in the tree as overlayfs reads them', async () => {
    const layer = await top(base, [{ name: 'd/.wh.a' }, { name: 'd/sub/.wh..wh..opq' }]);
    const tree = snapshot(layer.rootfs, { markers: true, times: false });
    expect(tree['d/a']).toBe('character 600 0:0 device 0');
    expect(tree['d/sub']).toMatch(/trusted\.overlay\.opaque=eQ==$/);
  });

  it('do not move the time of the directory they stand in', async () => {
    const [lower, upper] = await bench.stack(
      [{ name: 'd/', mtime: 9 }, { name: 'd/a' }],
      [{ name: 'd/.wh.a' }],
    );
    expect(snapshot(upper!.rootfs)['d']).toBe(snapshot(lower!.rootfs)['d']);
  });

  it('of aufs and its book-keeping are passed over', async () => {
    const layer = await top(base, [
      { name: '.wh..wh.plnk/' },
      { name: '.wh..wh.plnk/12.34' },
      { name: '.wh..wh.aufs' },
    ]);
    expect(paths(layer.rootfs)).toEqual([]);
  });
});
