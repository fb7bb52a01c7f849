import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Member } from '../../packages/image/test/archive.js';
import { LayerBench, scratchFolder } from '../../packages/store/test/workers/layers.js';

const bench = new LayerBench(scratchFolder('link-source'));

const base: Member[] = [{ name: 'c', content: 'below' }, { name: 'd/c', content: 'below' }];

/** The layer's own tree above `base`. */
async function top(...members: Member[]) {
  const [, upper] = await bench.stack(base, members);
  return upper!;
}

describe('a file of a layer below that a hard link needed', () => {
  it.each<[string, Member[], string]>([
    ['its whiteout', [{ name: 'a', type: '1', linkName: 'c' }, { name: '.wh.c' }], 'c'],
    ['an opaque root', [{ name: 'a', type: '1', linkName: 'c' }, { name: '.wh..wh..opq' }], 'c'],
    ['an opaque folder', [{ name: 'a', type: '1', linkName: 'd/c' }, { name: 'd/.wh..wh..opq' }], 'd/c'],
  ])('is hidden by %s that comes later, and the link stays', async (_, members, hidden) => {
    const { rootfs, whiteouts, opaques } = await top(...members);
    expect(existsSync(join(rootfs, 'a'))).toBe(true);
    expect(existsSync(join(rootfs, 'd/c'))).toBe(false);
    expect([...whiteouts, ...opaques]).toContain(hidden === 'd/c' ? 'd' : 'c');
  });

  it('stays where the layer brings it after all', async () => {
    const link: Member = { name: 'a', type: '1', linkName: 'c' };
    const { rootfs } = await top(link, { name: '.wh..wh..opq' }, { name: 'c', content: 'own' });
    expect(lstatSync(join(rootfs, 'c')).isFile()).toBe(true);
  });

  it('cannot be linked to once it is hidden', async () => {
    const link = (name: string): Member => ({ name, type: '1', linkName: 'c' });
    await expect(top(link('a'), { name: '.wh.c' }, link('b'))).rejects.toMatchObject({ code: 'LINK_TARGET_MISSING' });
  });
});
