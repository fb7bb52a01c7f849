import { digestOf } from '@keelson/image';
import type { Inventory, Protections, StoredImage } from '@keelson/store';
import { parseExclusions, planPrune, sweepable, uniqueBytes } from '@keelson/store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedImage } from './support/stored-image.js';

const id = (n: number): string => n.toString(16).padStart(64, '0');

const layerIds = fc.integer({ min: 0, max: 15 }).map(id);
const layerSets = fc.uniqueArray(layerIds, { maxLength: 16 });
const inventories: fc.Arbitrary<Inventory> = fc
  .tuple(layerSets, fc.array(fc.tuple(layerSets, fc.boolean()), { maxLength: 6 }))
  .map(([layers, images]) => ({
    storeVersion: 1,
    layers: layers.map((layer, index) => ({ id: layer, sizeBytes: index + 1 })),
    images: images.map(([ids, pinned], index) =>
      storedImage(`docker.io/library/i${index}:latest`, ids, { pinned }),
    ),
  }));
const protections: fc.Arbitrary<Protections> = fc
  .tuple(fc.uniqueArray(fc.nat(7), { maxLength: 3 }), fc.uniqueArray(fc.nat(7), { maxLength: 3 }), layerSets)
  .map(([excluded, held, live]) => ({
    exclusions: parseExclusions(excluded.map((n) => `i${n}`)),
    references: new Map(held.map((n) => [`docker.io/library/i${n}:latest`, 'in use'])),
    layers: new Map(live.map((layer) => [layer, 'a container stands on it'])),
  }));

function keptImages(
  inventory: Inventory,
  plan: { remove: { images: readonly { reference: string }[] } },
): StoredImage[] {
  const gone = new Set(plan.remove.images.map((image) => image.reference));
  return inventory.images.filter((image) => !gone.has(image.reference));
}

describe('sweepable', () => {
  it('never answers a layer that is retained or live, and answers every other', () => {
    fc.assert(
      fc.property(layerSets, layerSets, layerSets, (all, retained, live) => {
        const victims = new Set(sweepable(all, new Set(retained), new Set(live)));
        for (const layer of all) {
          expect(victims.has(layer)).toBe(!retained.includes(layer) && !live.includes(layer));
        }
        expect(victims.size).toBeLessThanOrEqual(all.length);
      }),
    );
  });
});

describe('planPrune', () => {
  it('takes no layer that a kept image, a root or a container needs', () => {
    fc.assert(
      fc.property(inventories, protections, (inventory, protection) => {
        const plan = planPrune(inventory, protection);
        const needed = new Set([
          ...keptImages(inventory, plan).flatMap((image) => image.layers),
          ...protection.layers.keys(),
        ]);
        expect(plan.remove.layers.filter((layer) => needed.has(layer.id))).toEqual([]);
      }),
    );
  });

  it('keeps every image that is pinned, excluded or held', () => {
    fc.assert(
      fc.property(inventories, protections, (inventory, protection) => {
        const plan = planPrune(inventory, protection);
        const gone = new Set(plan.remove.images.map((image) => image.reference));
        for (const image of inventory.images) {
          const excluded = protection.exclusions.some((exclusion) => exclusion.canonical === image.reference);
          const keeps = image.pinned || excluded || protection.references.has(image.reference);
          expect(gone.has(image.reference)).toBe(!keeps);
        }
      }),
    );
  });

  it('reaches the fixpoint in one call', () => {
    fc.assert(
      fc.property(inventories, protections, (inventory, protection) => {
        const plan = planPrune(inventory, protection);
        const gone = new Set(plan.remove.layers.map((layer) => layer.id));
        const after = {
          ...inventory,
          images: keptImages(inventory, plan),
          layers: inventory.layers.filter((layer) => !gone.has(layer.id)),
        };
        expect(planPrune(after, protection).remove).toEqual({ images: [], layers: [] });
      }),
    );
  });

  it('gives every object of the inventory one verdict, and counts the bytes it would free', () => {
    fc.assert(
      fc.property(inventories, protections, (inventory, protection) => {
        const plan = planPrune(inventory, protection);
        const verdicts = [
          ...plan.keep.map((verdict) => verdict.object),
          ...plan.remove.images.map((image) => image.reference),
          ...plan.remove.layers.map((layer) => layer.id),
        ].toSorted();
        const objects = [
          ...inventory.images.map((image) => image.reference),
          ...inventory.layers.map((layer) => layer.id),
        ];
        expect(verdicts).toEqual(objects.toSorted());
        expect(plan.uniqueBytes).toBe(plan.remove.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0));
      }),
    );
  });

  it('has a hash that does not depend on the order of the inventory, and changes with the decisions', () => {
    fc.assert(
      fc.property(inventories, protections, (inventory, protection) => {
        const plan = planPrune(inventory, protection);
        const turned = {
          ...inventory,
          images: inventory.images.toReversed(),
          layers: inventory.layers.toReversed(),
        };
        expect(planPrune(turned, protection).hash).toBe(plan.hash);
        const more = { ...inventory, layers: [...inventory.layers, { id: id(99), sizeBytes: 1 }] };
        expect(planPrune(more, protection).hash).not.toBe(plan.hash);
      }),
    );
  });

  it('keeps an image by its digest in the same repository, and reports exclusions that meet nothing', () => {
    const image = storedImage('docker.io/library/mysql:8', [id(1)]);
    const elsewhere = storedImage('quay.io/library/mysql:8', [id(2)], { digest: image.digest });
    const inventory = { storeVersion: 1, images: [image, elsewhere], layers: [] };
    const typed = [`mysql@${image.digest}`, 'mysql:9', `mysql@${digestOf(Buffer.from('other'))}`];

    const plan = planPrune(inventory, {
      exclusions: parseExclusions(typed),
      references: new Map(),
      layers: new Map(),
    });

    expect(plan.keep).toEqual([{ object: image.reference, why: `excluded as ${typed[0]}` }]);
    expect(plan.remove.images.map(({ reference }) => reference)).toEqual([elsewhere.reference]);
    expect(plan.unmatchedExclusions).toEqual(typed.slice(1));
  });
});

describe('unique bytes', () => {
  it('are those of layers that no other image holds, a repeated layer counted once', () => {
    const a = storedImage('docker.io/library/a:latest', [id(1), id(2), id(2)]);
    const b = storedImage('docker.io/library/b:latest', [id(1), id(3)]);
    const layers = [1, 2, 3].map((n) => ({ id: id(n), sizeBytes: 10 ** n }));
    const unique = uniqueBytes({ images: [a, b], layers });
    expect([unique(a), unique(b)]).toEqual([100, 1000]);
  });
});
