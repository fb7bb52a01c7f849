import type { Cache, Protections, Reclaim } from '@keelson/store';
import { atOnce, chooseLeastRecentlyUsed, lastUseOf } from '@keelson/store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedImage } from './support/stored-image.js';
import { World } from './support/world.js';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const day = (n: number): string => new Date(Date.UTC(2026, 0, n)).toISOString();
const nobody: Protections = { exclusions: [], references: new Map(), layers: new Map() };
const name = (n: number): string => `docker.io/library/i${n}:latest`;

const layerSets = fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 4 });
const caches: fc.Arbitrary<Cache> = fc
  .array(fc.record({ layers: layerSets, used: fc.integer({ min: 1, max: 20 }), pinned: fc.nat(4) }), { maxLength: 8 })
  .map((images) => ({
    layers: Array.from({ length: 10 }, (_, n) => ({ id: id(n), allocatedBytes: 2 ** n })),
    images: images.map(({ layers, used, pinned }, n) =>
      storedImage(name(n), layers.map(id), { pinned: pinned === 0, pulledAt: day(1), lastUsedAt: day(used) }),
    ),
  }));
const protections: fc.Arbitrary<Protections> = fc
  .tuple(fc.uniqueArray(fc.nat(8), { maxLength: 2 }), fc.uniqueArray(fc.nat(9), { maxLength: 2 }))
  .map(([held, live]) => ({
    exclusions: [],
    references: new Map(held.map((n) => [name(n), 'used by container web'])),
    layers: new Map(live.map((n) => [id(n), 'used by container web'])),
  }));
const reclaims: fc.Arbitrary<Reclaim> = fc.record({
  bytes: fc.integer({ min: 1, max: 1_100 }),
  unusedSince: fc.integer({ min: 1, max: 21 }).map(day),
});

/** By another way than the choice itself: what is on no kept image and on no container. */
function freedBy(cache: Cache, { layers: live }: Protections, gone: ReadonlySet<string>): number {
  const kept = new Set(cache.images.filter(({ reference }) => !gone.has(reference)).flatMap(({ layers }) => layers));
  const free = cache.layers.filter((layer) => !kept.has(layer.id) && !live.has(layer.id));
  return free.reduce((sum, { allocatedBytes }) => sum + allocatedBytes, 0);
}

describe('chooseLeastRecentlyUsed', () => {
  it('takes no image that is pinned, used, or was used within the minimum age, and explains every other', () => {
    fc.assert(
      fc.property(caches, protections, reclaims, (cache, protection, reclaim) => {
        const { victims, spared } = atOnce(chooseLeastRecentlyUsed(cache, protection, reclaim));
        for (const image of cache.images) {
          const safe = image.pinned || protection.references.has(image.reference);
          if (safe || lastUseOf(image) >= reclaim.unusedSince) expect(victims.has(image.reference)).toBe(false);
          if (!safe) expect(victims.has(image.reference)).not.toBe(spared.has(image.reference));
        }
      }),
    );
  });

  it('takes the least recently used: who is spared for being younger was used no earlier than any that goes', () => {
    fc.assert(
      fc.property(caches, protections, reclaims, (cache, protection, reclaim) => {
        const { victims, spared } = atOnce(chooseLeastRecentlyUsed(cache, protection, reclaim));
        const latest = [...victims.values()].map(lastUseOf).toSorted().at(-1) ?? '';
        for (const image of cache.images) {
          const why = spared.get(image.reference);
          if (why?.startsWith('enough')) expect(lastUseOf(image) >= latest).toBe(true);
          if (why?.startsWith('removing')) {
            expect(image.layers.every((layer) => !freedLayers(cache, victims).has(layer) || protection.layers.has(layer))).toBe(true);
          }
        }
      }),
    );
  });

  it('frees what it says, enough if that can be had, and not without its last victim', () => {
    fc.assert(
      fc.property(caches, protections, reclaims, (cache, protection, reclaim) => {
        const choice = atOnce(chooseLeastRecentlyUsed(cache, protection, reclaim));
        const gone = new Set(choice.victims.keys());
        expect(choice.bytes).toBe(freedBy(cache, protection, gone));
        const last = [...choice.victims.values()].at(-1);
        if (last) {
          gone.delete(last.reference);
          expect(freedBy(cache, protection, gone)).toBeLessThan(reclaim.bytes);
        }
        if (choice.bytes < reclaim.bytes) {
          const possible = cache.images.filter(
            (image) =>
              !image.pinned && !protection.references.has(image.reference) && lastUseOf(image) < reclaim.unusedSince,
          );
          const all = new Set(possible.map(({ reference }) => reference));
          expect(choice.bytes).toBe(freedBy(cache, protection, all));
        }
      }),
    );
  });

  it('counts rubbish first: what no image names goes in any prune', () => {
    const cache: Cache = {
      layers: [{ id: id(1), allocatedBytes: 100 }, { id: id(2), allocatedBytes: 50 }],
      images: [storedImage(name(1), [id(2)])],
    };
    const choice = atOnce(chooseLeastRecentlyUsed(cache, nobody, { bytes: 100, unusedSince: day(30) }));
    expect(choice).toMatchObject({ bytes: 100, victims: new Map() });
  });
});

function freedLayers(cache: Cache, victims: ReadonlyMap<string, unknown>): ReadonlySet<string> {
  const kept = new Set(cache.images.filter(({ reference }) => !victims.has(reference)).flatMap(({ layers }) => layers));
  return new Set(cache.layers.map((layer) => layer.id).filter((layer) => !kept.has(layer)));
}

describe('store prune with reclaim', () => {
  const reclaim = { bytes: 1, unusedSince: '2027-01-01T00:00:00.000Z' };

  function aged(): World {
    const world = World.ready();
    for (const [index, image] of ['old', 'middle', 'new'].entries()) {
      world.fakePuller.offer(`docker.io/library/${image}:latest`, [image]);
      world.value(world.store.pull(image));
      world.value(world.metadata.touch(`docker.io/library/${image}:latest`, day(100 + index)));
    }
    return world;
  }

  it('takes the least recently used alone, and says why the others stay', () => {
    const world = aged();
    const report = world.value(world.store.prune([], [], { reclaim }));
    expect(report.removed.images.map(({ reference }) => reference)).toEqual(['docker.io/library/old:latest']);
    expect(report.kept.find(({ object }) => object.includes('new'))?.why).toContain('enough is free without it');
    expect(world.layersOnDisk()).toHaveLength(2);
  });

  it('plans exactly what it then does, and does it by the hash of that plan', () => {
    const world = aged();
    const plan = world.value(world.store.plan([], [], { reclaim }));
    const report = world.value(world.store.prune([], [], { reclaim, planHash: plan.hash }));
    expect(report.removed.images).toEqual(plan.remove.images);
    const stale = world.failure(world.store.prune([], [], { reclaim, planHash: plan.hash }));
    expect(stale).toMatchObject({ code: 'PLAN_STALE' });
  });

  it('spares an image that is used between the choice and the decision', () => {
    const world = aged();
    const look = world.files.hold('appendDurably', /storedImages/);
    // Holds up the write of this use, so that the prune decides while it is noted and not on disk.
    world.clock.advance(5_000);
    world.metadata.touch('docker.io/library/old:latest', day(200));
    const pruned = world.store.prune([], [], { reclaim });
    world.settle();
    look();
    const report = world.value(pruned);
    expect(report.removed.images.map(({ reference }) => reference)).toEqual(['docker.io/library/middle:latest']);
  });
});
