import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../support/needs.js';
import { holdFirstBlob } from './support/gate.js';
import { describeTree, differenceOf } from './support/tree.js';
import { useWorld, wanted } from './support/world.js';

describe('an agent killed in the middle', () => {
  const world = useWorld();
  beforeEach((context) => needs(context, ...wanted));

  it('of a pull leaves nothing listed, and the next pull is whole', async () => {
    const keelson = world.keelson();
    const gate = await holdFirstBlob(world.registry.address, 10_000);
    const reference = world.reference('web').replace(world.registry.address, gate.address);
    const pulling = keelson.start('pull', reference);
    await gate.holding;
    expect(readdirSync(join(keelson.root, 'store/docker/staging'))).not.toEqual([]);
    pulling.child.kill('SIGKILL');
    await pulling.outcome;

    expect((await keelson.json('images')).images).toEqual([]);
    gate.open();
    const { rootfs } = await keelson.json('provision', reference);
    expect(differenceOf(describeTree(world.corpus.unpack('web')), describeTree(rootfs))).toEqual([]);
    await keelson.json('prune', '--wait');
    expect(readdirSync(join(keelson.root, 'store/docker/staging'))).toEqual([]);
    expect(readdirSync(join(keelson.root, 'store/docker/gc'))).toEqual([]);
    await gate.stop();
  });

  it('of a sweep finishes it with the next command that owns the store', async () => {
    const keelson = world.keelson();
    await keelson.json('pull', world.reference('web'), world.reference('busybox'));
    const gc = join(keelson.root, 'store/docker/gc');
    const layers = join(keelson.root, 'store/docker/layers');
    const ballast = readdirSync(layers).map((id) => join(layers, id, 'rootfs', 'ballast'));
    for (const folder of ballast) fill(folder, 4_000);

    const pruning = keelson.start('--json', 'prune');
    await once(pruning.child.stdout!, 'data');
    pruning.child.kill('SIGKILL');
    await pruning.outcome;
    const left = readdirSync(gc);
    expect(left).not.toEqual([]);

    expect((await keelson.json('images')).images).toEqual([]);
    await keelson.json('prune', '--wait');
    expect(readdirSync(gc)).toEqual([]);
    expect(readdirSync(join(keelson.root, 'store/docker/staging'))).toEqual([]);
    expect(existsSync(layers) && readdirSync(layers)).toEqual([]);
    rmSync(keelson.root, { recursive: true, force: true });
  });
});

function fill(folder: string, files: number): void {
  const parent = join(folder, '..');
  if (!existsSync(parent)) return;
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < files; index += 1) writeFileSync(join(folder, `f${index}`), '');
}

