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

/** What a prune would do. `hash` names exactly these decisions: equal hashes remove and keep the same objects. */
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

/**
 * What a prune of `inventory` would do. Pure: it holds no handle with which it could delete anything
 * (goharbor/harbor#15332: a dry run that shared its code with the mark phase removed data).
 */
export function planPrune(inventory: Inventory, protections: Protections): PrunePlan {
  const decision = decideImages(inventory.images, protections);
  const retained = new Map<LayerId, string>();
  for (const { image } of decision.kept) {
    for (const id of image.layers) if (!retained.has(id)) retained.set(id, `layer of ${image.reference}`);
  }
  const sizes = new Map(inventory.layers.map((layer) => [layer.id, layer.sizeBytes]));
  const victims = sweepable(sizes.keys(), asSet(retained), asSet(protections.layers));

  const layers = victims.map((id) => ({ id, sizeBytes: sizes.get(id)! })).sort(by('id'));
  const gone = new Set(victims);
  const uniqueBytesOf = uniqueBytes(inventory);
  const images = decision.removed
    .map((image) => ({ reference: image.reference, digest: image.digest, uniqueBytes: uniqueBytesOf(image) }))
    .sort(by('reference'));
  const keep = [
    ...decision.kept.map(({ image, why }) => ({ object: image.reference, why })),
    ...[...sizes.keys()]
      .filter((id) => !gone.has(id))
      .map((id) => ({ object: id, why: protections.layers.get(id) ?? retained.get(id)! })),
  ].sort(by('object'));

  const decided = { remove: { images, layers }, keep, unmatchedExclusions: decision.unmatchedExclusions };
  return {
    hash: hashOf(decided),
    storeVersion: inventory.storeVersion,
    ...decided,
    uniqueBytes: layers.reduce((sum, layer) => sum + layer.sizeBytes, 0),
  };
}

/** Bytes of an image's layers that no other image of the inventory holds. */
export function uniqueBytes(inventory: Pick<Inventory, 'images' | 'layers'>): (image: StoredImage) => number {
  const sizes = new Map(inventory.layers.map((layer) => [layer.id, layer.sizeBytes]));
  const holders = new Map<LayerId, number>();
  for (const image of inventory.images) {
    for (const id of new Set(image.layers)) holders.set(id, (holders.get(id) ?? 0) + 1);
  }
  return (image) =>
    [...new Set(image.layers)]
      .filter((id) => holders.get(id) === 1)
      .reduce((sum, id) => sum + (sizes.get(id) ?? 0), 0);
}

/** Sentences are left out: the name of the container that keeps a layer may change without changing the plan. */
function hashOf(decided: Pick<PrunePlan, 'remove' | 'keep' | 'unmatchedExclusions'>): string {
  const content = [
    decided.remove.images.map((image) => [image.reference, image.digest]),
    decided.remove.layers.map((layer) => layer.id),
    decided.keep.map((verdict) => verdict.object),
    [...decided.unmatchedExclusions].sort(),
  ];
  return createHash('sha256').update(JSON.stringify(content)).digest('hex');
}

function asSet(map: ReadonlyMap<LayerId, string>): ReadonlySet<LayerId> {
  return new Set(map.keys());
}

function by<K extends string>(key: K): (a: Record<K, string>, b: Record<K, string>) => number {
  return (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
}
