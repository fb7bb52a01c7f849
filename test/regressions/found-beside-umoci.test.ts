import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Member } from '../../packages/image/test/archive.js';
import { LayerBench, scratchFolder } from '../../packages/store/test/workers/layers.js';
import { paths } from '../../packages/store/test/workers/tree.js';

const bench = new LayerBench(scratchFolder('beside-umoci'));
const base: Member[] = [{ name: 'd/', mode: 0o2750, uid: 7, mtime: 5 }, { name: 'd/e/' }, { name: 'd/e/x' }, { name: 'c' }];

async function top(...members: Member[]) {
  const [, upper] = await bench.stack(base, members);
  return upper!;
}

/** What `npm run differential` came upon, reduced to what mattered. */
describe('a layer that hides a folder', () => {
  it('does not bring it back for a mark in it that came before', async () => {
    const { rootfs, whiteouts, opaques } = await top({ name: 'd/e/.wh.x' }, { name: '.wh.d' });
    expect({ whiteouts, opaques }).toEqual({ whiteouts: ['d'], opaques: [] });
    expect(paths(rootfs).filter((path) => path !== 'd')).toEqual([]);
  });

  it('shows in it only what it brings, though marks came before', async () => {
    const { rootfs, opaques } = await top({ name: 'd/e/.wh..wh..opq' }, { name: 'd/new' }, { name: '.wh.d' });
    expect(opaques).toEqual(['d']);
    expect(paths(rootfs)).toEqual(['d', 'd/new']);
  });

  it.each([
    ['first', [{ name: '.wh.d' }, { name: 'd/new' }]],
    ['last', [{ name: 'd/new' }, { name: '.wh.d' }]],
  ])('does not keep what it was below, with the mark %s', async (_, members) => {
    const { mode, uid, mtimeMs } = lstatSync(join((await top(...members)).rootfs, 'd'));
    expect({ mode: mode & 0o7777, uid, mtimeMs }).toEqual({ mode: 0o755, uid: 0, mtimeMs: 0 });
  });
});

describe('a layer that links to a file and hides it then', () => {
  it('may have a folder of that name', async () => {
    const members: Member[] = [{ name: 'a', type: '1', linkName: 'c' }, { name: '.wh..wh..opq' }, { name: 'c/new' }];
    expect(paths((await top(...members)).rootfs)).toEqual(expect.arrayContaining(['a', 'c', 'c/new']));
  });
});
