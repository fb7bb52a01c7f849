import { createHash } from 'node:crypto';
import type { Exclusion } from './exclusion.js';
import { matches } from './exclusion.js';
import type { RemovedImage, RemovedLayer, Verdict } from './prune-report.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';
import { sweepable } from './sweepable.js';

/** A consistent cut of what the store holds. */
export interface Inventory {
  readonly storeVersion: number;
  readonly images: readonly StoredImage[];
  readonly layers: readonly { readonly id: LayerId; readonly sizeBytes: number }[];
}

/** What must stay, and one sentence each saying why. */
export interface Protections {
  readonly exclusions: readonly Exclusion[];
  /** Canonical references that somebody holds. */
  readonly references: ReadonlyMap<string, string>;
  /** Layers that containers stand on or that work in progress needs. */
  readonly layers: ReadonlyMap<LayerId, string>;
}

/**
 * What a prune would do. `hash` names exactly these decisions: equal hashes remove and keep the same objects.
 */
export interface PrunePlan {
  readonly hash: string;
  readonly storeVersion: number;
  readonly remove: { readonly images: readonly RemovedImage[]; readonly layers: readonly RemovedLayer[] };
  readonly keep: readonly Verdict[];
  readonly unmatchedExclusions: readonly string[];
  /** Bytes of the layers to be removed. */
  readonly uniqueBytes: number;
}

export interface ImageDecision {
  readonly kept: readonly { readonly image: StoredImage; readonly why: string }[];
  readonly removed: readonly StoredImage[];
  /** As the user typed them. */
  readonly unmatchedExclusions: readonly string[];
}

/** Which image names stay: pinned, excluded or held ones. Pure; plan and prune both decide by it. */
export function decideImages(
  images: Iterable<StoredImage>,
  protections: Pick<Protections, 'exclusions' | 'references'>,
): ImageDecision {
  const kept: { image: StoredImage; why: string }[] = [];
  const removed: StoredImage[] = [];
  const unmatched = new Set(protections.exclusions);

  for (const image of images) {
    const excluding = protections.exclusions.filter((exclusion) => matches(exclusion, image));
    for (const exclusion of excluding) unmatched.delete(exclusion);

    const why =
      protections.references.get(image.reference) ??
      (excluding[0] && `excluded as ${excluding[0].typed}`) ??
      (image.pinned ? 'pinned' : undefined);
    if (why === undefined) removed.push(image);
    else kept.push({ image, why });
  }
  return { kept, removed, unmatchedExclusions: [...unmatched].map((exclusion) => exclusion.typed) };
}

/** The decisions of a prune, in no particular order. */
export type PruneDecision = Omit<PrunePlan, 'hash'>;

/**
 * What a prune of `inventory` would do. Pure: it holds no handle with which it could delete anything
 * (goharbor/harbor#15332: a dry run that shared its code with the mark phase removed data).
 */
export function planPrune(inventory: Inventory, protections: Protections): PrunePlan {
  const decided = decidePrune(inventory, protections);
  const { storeVersion, uniqueBytes: bytes, unmatchedExclusions } = decided;
  const images = decided.remove.images.toSorted(by('reference'));
  const layers = decided.remove.layers.toSorted(by('id'));
  const keep = decided.keep.toSorted(by('object'));
  const hash = hashOf({ remove: { images, layers }, keep });
  return { hash, storeVersion, remove: { images, layers }, keep, unmatchedExclusions, uniqueBytes: bytes };
}

/** As `planPrune` without order and hash, which is what a prune itself needs: it decides within one turn. */
export function decidePrune(inventory: Inventory, protections: Protections): PruneDecision {
  const { kept, removed, unmatchedExclusions } = decideImages(inventory.images, protections);
  const retained = new Map<LayerId, StoredImage>();
  for (const { image } of kept) for (const id of image.layers) retained.set(id, image);

  const sizes = sizesOf(inventory.layers);
  const victims = new Set(sweepable(sizes.keys(), retained, protections.layers));

  const keep: Verdict[] = kept.map(({ image, why }) => ({ object: image.reference, why }));
  const layers: RemovedLayer[] = [];
  let bytes = 0;
  for (const { id, sizeBytes } of inventory.layers) {
    if (victims.has(id)) {
      layers.push({ id, sizeBytes });
      bytes += sizeBytes;
    } else {
      const why = protections.layers.get(id) ?? `layer of ${retained.get(id)!.reference}`;
      keep.push({ object: id, why });
    }
  }

  const unique = uniqueBytes(inventory, sizes);
  const images = removed.map((image) => ({
    reference: image.reference,
    digest: image.digest,
    uniqueBytes: unique(image),
  }));
  const { storeVersion } = inventory;
  return { storeVersion, remove: { images, layers }, keep, unmatchedExclusions, uniqueBytes: bytes };
}

/** Bytes of an image's layers that no other image of the inventory holds. */
export function uniqueBytes(
  inventory: Pick<Inventory, 'images' | 'layers'>,
  sizes: ReadonlyMap<LayerId, number> = sizesOf(inventory.layers),
): (image: StoredImage) => number {
  // The one image that holds a layer; `undefined` once a second one was met.
  const holders = new Map<LayerId, StoredImage | undefined>();
  for (const image of inventory.images) {
    for (const id of image.layers) {
      if (holders.get(id) === image) continue;
      holders.set(id, holders.has(id) ? undefined : image);
    }
  }
  return (image) => {
    let bytes = 0;
    const own = image.layers.filter((id) => holders.get(id) === image);
    for (const id of new Set(own)) bytes += sizes.get(id) ?? 0;
    return bytes;
  };
}

function sizesOf(layers: Inventory['layers']): ReadonlyMap<LayerId, number> {
  const sizes = new Map<LayerId, number>();
  for (const { id, sizeBytes } of layers) sizes.set(id, sizeBytes);
  return sizes;
}

/**
 * What goes and what stays, and nothing else: which container keeps a layer, or which exclusion met nothing, may
 * change without changing what is done.
 */
function hashOf(decided: Pick<PrunePlan, 'remove' | 'keep'>): string {
  const content = [
    decided.remove.images.map((image) => [image.reference, image.digest]),
    decided.remove.layers.map((layer) => layer.id),
    decided.keep.map((verdict) => verdict.object),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function by<K extends string>(key: K): (a: Record<K, string>, b: Record<K, string>) => number {
  return (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
}
