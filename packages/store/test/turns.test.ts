import { Runtime, VirtualClock } from '@keelson/process';
import type { Cache, Protections, Steps, StoredImage } from '@keelson/store';
import {
  chooseLeastRecentlyUsed,
  decideImages,
  decideLayers,
  MetadataManager,
  parseExclusions,
  planInSteps,
  StorePaths,
} from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';
import { storedImage } from './support/stored-image.js';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const layersOf = (n: number): string[] => [n % 100, 100 + (n % 1000), ...[0, 1, 2].map((k) => 10_000 + 3 * n + k)].map(id);

/** Images of five layers each, two of which they share with others. */
function many(count: number): StoredImage[] {
  const sample = storedImage('docker.io/library/sample:latest', []);
  return Array.from({ length: count }, (_, n) => ({
    ...sample,
    reference: `docker.io/library/i${n}:latest`,
    layers: layersOf(n),
  }));
}

function cacheOf(images: readonly StoredImage[]): Cache & { layers: { id: string; sizeBytes: number; allocatedBytes: number }[] } {
  const ids = [...new Set(images.flatMap(({ layers }) => layers))];
  return { images, layers: ids.map((layer) => ({ id: layer, sizeBytes: 1, allocatedBytes: 1 })) };
}

const protections: Protections = {
  exclusions: parseExclusions(['i7', 'i8']),
  references: new Map([['docker.io/library/i9:latest', 'used by container web']]),
  layers: new Map([[id(10_001), 'used by container web']]),
};

/** How many pieces the work has, and the most things one of them took out of `counted`. */
function piecesOf<T>(work: (counted: <I>(items: readonly I[]) => Iterable<I>) => Steps<T>): { pieces: number; most: number } {
  let [pieces, most, here] = [1, 0, 0];
  function* counted<I>(items: readonly I[]): Iterable<I> {
    for (const item of items) {
      here += 1;
      yield item;
    }
  }
  for (const steps = work(counted); !steps.next().done; pieces += 1) {
    most = Math.max(most, here);
    here = 0;
  }
  return { pieces, most: Math.max(most, here) };
}

describe('deciding a prune of ten thousand images and thirty thousand layers', () => {
  const images = many(10_000);
  const cache = cacheOf(images);
  const inventory = { ...cache, storeVersion: 1 };

  it('decides about names in small pieces', () => {
    const { pieces, most } = piecesOf((counted) => decideImages(counted(images), protections));
    expect(pieces).toBeGreaterThanOrEqual(50);
    expect(most).toBeLessThanOrEqual(250);
  });

  it('decides about layers in small pieces', () => {
    const { pieces, most } = piecesOf((counted) => decideLayers(counted(cache.layers), counted(images), () => undefined));
    expect(pieces).toBeGreaterThanOrEqual(80);
    expect(most).toBeLessThanOrEqual(1_001);
  });

  it('chooses the least recently used, and plans with its order and hash, in small pieces', () => {
    const choosing = piecesOf(() => chooseLeastRecentlyUsed(cache, protections, { bytes: 1e9, unusedSince: '2027' }));
    expect(choosing.pieces).toBeGreaterThanOrEqual(200);
    const planning = piecesOf(() => planInSteps(inventory, protections));
    expect(planning.pieces).toBeGreaterThanOrEqual(300);
  });

  it('serves readers of the names while it decides about them', () => {
    const files = new MemoryFiles();
    files.mkdir('/root/store/docker');
    const runtime = new Runtime({ clock: new VirtualClock() });
    const random = { next: () => 0, id: (prefix: string) => prefix };
    const manager = runtime.spawn(new MetadataManager({ paths: new StorePaths('/root'), files, random }));
    for (const image of many(1_000)) manager.put(image);
    runtime.settle();
    const before = files.changes.length;

    let served = 0;
    const pruned = manager.prune({ exclusions: [], references: new Map() });
    const readAgain = (): void => {
      manager.get('docker.io/library/i1:latest').onReady((image) => {
        if (image === undefined || files.changes.length > before) return;
        served += 1;
        readAgain();
      });
    };
    readAgain();
    runtime.settle();

    expect(pruned.get().removed).toHaveLength(1_000);
    expect(served).toBeGreaterThanOrEqual(3);
  });
});
