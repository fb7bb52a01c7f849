import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Member } from '../../../image/test/archive.js';
import { archive } from '../../../image/test/archive.js';
import { codeOf, isRoot, LayerBench, scratchFolder } from './layers.js';
import { paths, snapshot } from './tree.js';

const bench = new LayerBench(scratchFolder('hostile'));
const outside = bench.fresh('outside');
const unpack = (members: readonly Member[]) => bench.unpack(archive(...members));
const stack = (...layers: readonly (readonly Member[])[]) => bench.stack(...layers);

let before: unknown;
beforeEach(() => {
  fs.rmSync(outside, { recursive: true });
  fs.mkdirSync(join(outside, 'sub'), { recursive: true });
  fs.writeFileSync(join(outside, 'victim'), 'untouched');
  fs.chmodSync(join(outside, 'victim'), 0o640);
  before = snapshot(outside);
});
/** Whatever a layer tried, what lies outside its root is as it was. */
// oxlint-disable-next-line vitest/no-standalone-expect -- it holds for every test of the file
afterEach(() => expect(snapshot(outside)).toEqual(before));

describe('a hostile layer', () => {
  it.each<[string, string, Member[]]>([
    ['a climbing name', 'PATH_ESCAPES', [{ name: '../outside/new' }]],
    ['a name that climbs on its way', 'PATH_ESCAPES', [{ name: 'a/../../b' }]],
    ['a name that ends in climbing', 'PATH_ESCAPES', [{ name: 'a/..', type: '5' }]],
    ['a climbing hard link', 'PATH_ESCAPES', [{ name: 'x', type: '1', linkName: '../outside/victim' }]],
    ['a hard link to nothing', 'LINK_TARGET_MISSING', [{ name: 'x', type: '1', linkName: 'nothing' }]],
    ['a hard link to the root', 'LINK_TARGET_MISSING', [{ name: 'x', type: '1', linkName: '/' }]],
    [
      'a hard link to a directory',
      'INVALID_ENTRY',
      [{ name: 'd/' }, { name: 'x', type: '1', linkName: 'd' }],
    ],
    [
      'a hard link to what it has hidden',
      'LINK_TARGET_MISSING',
      [{ name: '.wh.x' }, { name: 'y', type: '1', linkName: 'x' }],
    ],
    [
      'a link in a circle',
      'LINK_LOOP',
      [{ name: 'a', type: '2', linkName: 'b' }, { name: 'b', type: '2', linkName: 'a' }, { name: 'a/x' }],
    ],
    ['a link that grows', 'LINK_LOOP', [{ name: 'a', type: '2', linkName: 'a/a/a' }, { name: 'a/x' }]],
    ['a link to nowhere', 'INVALID_ENTRY', [{ name: 'a', type: '2' }]],
    ['an entry below a file', 'PATH_BLOCKED', [{ name: 'a' }, { name: 'a/b' }]],
    ['an entry below a fifo', 'PATH_BLOCKED', [{ name: 'a', type: '6' }, { name: 'a/b' }]],
    ['a root that is a link', 'INVALID_ENTRY', [{ name: './', type: '2', linkName: '/' }]],
    ['a root that is a file', 'INVALID_ENTRY', [{ name: '/', type: '0' }]],
    ['a whiteout of nothing', 'INVALID_WHITEOUT', [{ name: 'd/.wh.' }]],
    ['a whiteout of its directory', 'INVALID_WHITEOUT', [{ name: 'd/.wh..' }]],
    ['a whiteout of the folder above', 'INVALID_WHITEOUT', [{ name: 'd/.wh...' }]],
    ['an entry below a whiteout', 'INVALID_ENTRY', [{ name: '.wh.d/x' }]],
    ['a name that is too long', 'LAYER_LIMIT', [{ name: 'x', pax: [['path', 'n'.repeat(256)]] }]],
    ['a path that is too long', 'LAYER_LIMIT', [{ name: 'x', pax: [['path', 'd/'.repeat(1600)]] }]],
    [
      'a link target that is too long',
      'LAYER_LIMIT',
      [{ name: 'x', type: '1', pax: [['linkpath', './'.repeat(200_000)]] }],
    ],
    ['a path that is too deep', 'LAYER_LIMIT', [{ name: 'x', pax: [['path', `${'d/'.repeat(300)}x`]] }]],
    [
      'links that make a path too deep',
      'LAYER_LIMIT',
      [{ name: 'a', type: '2', pax: [['linkpath', 'd/'.repeat(300)]] }, { name: 'a/x' }],
    ],
  ])('with %s is refused: %s', async (_, code, members) => {
    expect(await codeOf(unpack(members))).toBe(code);
  });

  it.each<[string, Member[]]>([
    [
      'a link and a name behind it',
      [
        { name: 'l', type: '2', linkName: outside },
        { name: 'l/new', content: 'x' },
      ],
    ],
    [
      'a link in two steps',
      [
        { name: 'a', type: '2', linkName: '/' },
        { name: 'b', type: '2', linkName: `a${outside}` },
        { name: 'b/new' },
      ],
    ],
    [
      'a climbing link',
      [
        { name: 'l', type: '2', linkName: '../'.repeat(9) + outside },
        { name: 'l/victim', content: 'x' },
      ],
    ],
    [
      'a link in the place of a directory',
      [{ name: 'd/' }, { name: 'd', type: '2', linkName: outside }, { name: 'd/new' }],
    ],
    [
      'a file over a link',
      [
        { name: 'l', type: '2', linkName: join(outside, 'victim') },
        { name: 'l', content: 'x', mode: 0o777 },
      ],
    ],
    [
      'a directory over a link',
      [{ name: 'l', type: '2', linkName: outside }, { name: 'l/', mode: 0o777 }, { name: 'l/new' }],
    ],
    [
      'a directory mode through a link',
      [
        { name: 'd/', mode: 0o777, mtime: 1 },
        { name: 'd', type: '2', linkName: outside },
      ],
    ],
    [
      'a fifo over a link',
      [
        { name: 'l', type: '2', linkName: join(outside, 'victim') },
        { name: 'l', type: '6', mode: 0o777 },
      ],
    ],
    [
      'a hard link over a link',
      [
        { name: 'f' },
        { name: 'l', type: '2', linkName: join(outside, 'victim') },
        { name: 'l', type: '1', linkName: 'f' },
      ],
    ],
    ['an absolute name', [{ name: join(outside, 'new') }]],
    [
      'a removal through a link',
      [
        { name: 'd/l', type: '2', linkName: outside },
        { name: 'd', content: 'x' },
      ],
    ],
    [
      'a whiteout behind a link',
      [{ name: 'l', type: '2', linkName: outside }, { name: 'l/.wh.victim' }, { name: 'l/.wh..wh..opq' }],
    ],
  ])('with %s lands inside its root', async (_, members) => {
    expect(await codeOf(unpack(members))).toBe('accepted');
  });

  it('with a hard link to a link keeps the link, and does not follow it', async () => {
    const { rootfs } = await unpack([
      { name: 'l', type: '2', linkName: join(outside, 'victim') },
      { name: 'h', type: '1', linkName: 'l' },
    ]);
    expect(fs.readlinkSync(join(rootfs, 'h'))).toBe(join(outside, 'victim'));
  });

  it('with a hard link behind a link is refused unless the target is inside', async () => {
    const members: Member[] = [
      { name: 'l', type: '2', linkName: outside },
      { name: 'h', type: '1', linkName: 'l/victim' },
    ];
    expect(await codeOf(unpack(members))).toBe('LINK_TARGET_MISSING');
  });

  it('is no worse when the link is in a layer below', async () => {
    const link: Member[] = [
      { name: 'l', type: '2', linkName: outside },
      { name: 'v', type: '2', linkName: join(outside, 'victim') },
    ];
    const [, upper] = await stack(link, [
      { name: 'l/new' },
      { name: 'v', content: 'x' },
      { name: 'l/', mode: 0o700 },
    ]);
    expect(paths(upper!.rootfs)).toEqual(
      expect.arrayContaining(['l', 'v', outside.slice(1), join(outside, 'new').slice(1)]),
    );
    expect(await codeOf(stack(link, [{ name: 'h', type: '1', linkName: 'l/victim' }]))).toBe(
      'LINK_TARGET_MISSING',
    );
  });

  it('cannot steer overlayfs with its attributes and devices', async () => {
    const layer = await unpack([
      {
        name: 'd/',
        pax: [
          ['SCHILY.xattr.trusted.overlay.opaque', 'y'],
          ['SCHILY.xattr.user.overlay.opaque', 'y'],
        ],
      },
      {
        name: 'd/f',
        pax: [
          ['SCHILY.xattr.trusted.overlay.redirect', '/etc'],
          ['SCHILY.xattr.user.overlay.metacopy', ''],
        ],
      },
      { name: 'd/white', type: '3', device: [0, 0] },
    ]);
    const tree = snapshot(layer.rootfs, { markers: true });
    expect(Object.values(tree).join('\n')).not.toContain('overlay');
    expect(Object.keys(tree)).not.toContain('d/white');
    expect(layer.skippedCount).toBe(5);
  });

  it('leaves no descriptor open when it is refused', async () => {
    const open = () => fs.readdirSync('/proc/self/fd').length;
    await codeOf(unpack([{ name: 'a/b/c/d' }, { name: '../x' }]));
    const first = open();
    for (let round = 0; round < 5; round++)
      await codeOf(unpack([{ name: 'a/b/c/d', content: 'x', size: 9999 }]));
    expect(open()).toBeLessThanOrEqual(first);
  });
});

describe.skipIf(!isRoot)('setgid directories', () => {
  it('do not hand their group to what is made in them', async () => {
    const { rootfs } = await unpack([
      { name: 'd/', mode: 0o2777, gid: 50 },
      { name: 'd/f' },
      { name: 'd/e/' },
      { name: 'd/f2', gid: 50 },
    ]);
    const gid = (name: string) => fs.statSync(join(rootfs, name)).gid;
    expect(['d', 'd/f', 'd/e', 'd/f2'].map(gid)).toEqual([50, 0, 0, 50]);
  });
});

describe('a layer that costs more than it weighs', () => {
  it('is refused when its links lead a long way again and again', async () => {
    const links: Member[] = Array.from({ length: 39 }, (_, index) => ({
      name: `l${index}`,
      type: '2',
      pax: [['linkpath', `${'d/../'.repeat(500)}l${index + 1}`]],
    }));
    const entries: Member[] = Array.from({ length: 50 }, (_, index) => ({ name: `l0/${index}` }));
    const target: Member[] = [{ name: 'd/' }, { name: 'l39/' }];
    expect(
      await codeOf(unpack([...target, ...links, ...entries.flatMap((entry) => [entry, { name: 'e/' }])])),
    ).toBe('LAYER_LIMIT');
  });

  it('takes its directories away as often as it likes', async () => {
    const folders: Member[] = Array.from({ length: 300 }, (_, index) => ({ name: `d${index}/x/` }));
    const files: Member[] = Array.from({ length: 300 }, (_, index) => ({ name: `d${index}` }));
    const layer = await unpack([...folders, ...files]);
    expect(Object.values(snapshot(layer.rootfs)).filter((line) => line.startsWith('file'))).toHaveLength(300);
  });
});
