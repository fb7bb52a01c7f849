import { createHash } from 'node:crypto';
import type { Exclusion } from './exclusion.js';
import { matches } from './exclusion.js';
import { lastUseOf, reasonToKeep } from './keep-reason.js';
import type { RemovedImage, RemovedLayer, Verdict } from './prune-report.js';
import type { Choice } from './reclaim.js';
import type { Steps } from './steps.js';
import { atOnce, Pace, sortedInSteps } from './steps.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';
import { uniqueBytesInSteps } from './unique-bytes.js';

/** A consistent cut of what the store holds. */
export interface Inventory {
  readonly storeVersion: number;
  readonly images: readonly StoredImage[];
  readonly layers: readonly { readonly id: LayerId; readonly sizeBytes: number }[];
}

/** What must stay, and one sentence each saying why. */
export interface Protections {
  readonly exclusions: readonly Exclusion[];
  /** Canonical references that somebody uses or holds. */
  readonly references: ReadonlyMap<string, string>;
  /** Layers that containers stand on or that work in progress needs. */
  readonly layers: ReadonlyMap<LayerId, string>;
  /** Where given, no image but its victims goes. */
  readonly choice?: Choice;
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

/** Which layers stay, and which nobody seemed to need. */
export interface LayerDecision {
  /** Neither retained nor live when they were looked at. */
  readonly candidates: readonly LayerId[];
  readonly kept: readonly Verdict[];
  /** The layers of the images that stay, each with one of those images. */
  readonly retained: ReadonlyMap<LayerId, StoredImage>;
}

/** Which image names stay: used, excluded, pinned or spared ones. Pure; plan and prune both decide by it. */
export function* decideImages(
  images: Iterable<StoredImage>,
  protections: Omit<Protections, 'layers'>,
): Steps<ImageDecision> {
  const pace = new Pace();
  const kept: { image: StoredImage; why: string }[] = [];
  const removed: StoredImage[] = [];
  const unmatched = new Set(protections.exclusions);

  for (const image of images) {
    if (pace.tired(2 + 2 * protections.exclusions.length)) yield;
    for (const exclusion of unmatched) if (matches(exclusion, image)) unmatched.delete(exclusion);
    const why = reasonToKeep(image, protections) ?? (protections.choice && reasonToSpare(image, protections.choice));
    if (why === undefined) removed.push(image);
    else kept.push({ image, why });
  }
  return { kept, removed, unmatchedExclusions: [...unmatched].map((exclusion) => exclusion.typed) };
}

/** Chosen is what was looked at: a name that means something else by now, or was used since, is not. */
function reasonToSpare(image: StoredImage, { victims, spared }: Choice): string | undefined {
  const chosen = victims.get(image.reference);
  const same = chosen && chosen.digest === image.digest && lastUseOf(chosen) === lastUseOf(image);
  return same ? undefined : (spared.get(image.reference) ?? 'it was pulled or used while this was decided');
}

/**
 * Which layers a prune may take, and why each other one stays: `sweepable` with reasons, in steps. Pure.
 *
 * @param live  why a layer is needed at this moment; a prune asks again before it moves one
 */
export function* decideLayers(
  layers: Iterable<{ readonly id: LayerId }>,
  keptImages: Iterable<StoredImage>,
  live: (id: LayerId) => string | undefined,
): Steps<LayerDecision> {
  const pace = new Pace();
  const retained = new Map<LayerId, StoredImage>();
  for (const image of keptImages) {
    if (pace.tired(image.layers.length)) yield;
    for (const id of image.layers) retained.set(id, image);
  }
  const candidates: LayerId[] = [];
  const kept: Verdict[] = [];
  for (const { id } of layers) {
    if (pace.tired()) yield;
    const image = retained.get(id);
    const why = live(id) ?? (image && `layer of ${image.reference}`);
    if (why === undefined) candidates.push(id);
    else kept.push({ object: id, why });
  }
  return { candidates, kept, retained };
}

/**
 * What a prune of `inventory` would do. Pure: it holds no handle with which it could delete anything
 * (goharbor/harbor#15332: a dry run that shared its code with the mark phase removed data).
 */
export function planPrune(inventory: Inventory, protections: Protections): PrunePlan {
  return atOnce(planInSteps(inventory, protections));
}

/** As `planPrune`, for who must not be held up by large stores. */
export function* planInSteps(inventory: Inventory, protections: Protections): Steps<PrunePlan> {
  const { kept, removed, unmatchedExclusions } = yield* decideImages(inventory.images, protections);
  const keptImages = kept.map(({ image }) => image);
  const decided = yield* decideLayers(inventory.layers, keptImages, (id) => protections.layers.get(id));
  const { candidates } = decided;
  const going: RemovedLayer[] = [];
  const pace = new Pace();
  let bytes = 0;
  for (const { id, sizeBytes } of inventory.layers) {
    if (pace.tired()) yield;
    // Candidates come in the order of the layers, so the next one is all that needs to be looked at.
    if (candidates[going.length] !== id) continue;
    going.push({ id, sizeBytes });
    bytes += sizeBytes;
  }

  const removals = yield* removalsOf(removed, inventory);
  const images = yield* sortedInSteps(removals, by('reference'));
  const layers = yield* sortedInSteps(going, by('id'));
  const verdicts = kept.map(({ image, why }) => ({ object: image.reference, why })).concat(decided.kept);
  const keep = yield* sortedInSteps(verdicts, by('object'));
  const hash = yield* hashOf({ remove: { images, layers }, keep });
  const { storeVersion } = inventory;
  return { hash, storeVersion, remove: { images, layers }, keep, unmatchedExclusions, uniqueBytes: bytes };
}

/** Images as a report tells of them; `inventory` is what was there before they went. */
export function* removalsOf(
  removed: readonly StoredImage[],
  inventory: Pick<Inventory, 'images' | 'layers'>,
): Steps<RemovedImage[]> {
  const pace = new Pace();
  const unique = yield* uniqueBytesInSteps(inventory);
  const removals: RemovedImage[] = [];
  for (const image of removed) {
    if (pace.tired(image.layers.length)) yield;
    const { reference, digest } = image;
    removals.push({ reference, digest, uniqueBytes: unique(image) });
  }
  return removals;
}

/**
 * What goes and what stays, and nothing else: which container keeps a layer, or which exclusion met nothing, may
 * change without changing what is done.
 */
function* hashOf(decided: Pick<PrunePlan, 'remove' | 'keep'>): Steps<string> {
  const pace = new Pace();
  const hash = createHash('sha256');
  const tell = function* <T>(items: readonly T[], line: (item: T) => string): Steps<void> {
    for (const item of items) {
      if (pace.tired()) yield;
      hash.update(line(item));
    }
  };
  yield* tell(decided.remove.images, ({ reference, digest }) => `remove image ${reference} ${digest}\n`);
  yield* tell(decided.remove.layers, ({ id }) => `remove layer ${id}\n`);
  yield* tell(decided.keep, ({ object }) => `keep ${object}\n`);
  return hash.digest('hex');
}

function by<K extends string>(key: K): (a: Record<K, string>, b: Record<K, string>) => number {
  return (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
}
