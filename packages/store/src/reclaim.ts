import type { Protections } from './plan.js';
import { lastUseOf, reasonToKeep } from './keep-reason.js';
import type { Steps } from './steps.js';
import { Pace, sortedInSteps } from './steps.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

/** How much a collection wants back, and from which images it may take it. */
export interface Reclaim {
  /** Bytes on disk. Images go, the least recently used first, until their own layers amount to this. */
  readonly bytes: number;
  /** ISO 8601 UTC. Images that were pulled or used at this time or later stay, however much is wanted. */
  readonly unusedSince: string;
}

/** Which images a collection takes, and why each other one is spared. */
export interface Choice {
  /** As they were when they were chosen: one that was used or pulled again since is spared. */
  readonly victims: ReadonlyMap<string, StoredImage>;
  readonly spared: ReadonlyMap<string, string>;
  /** Bytes on disk of the layers that nothing needs once the victims are forgotten. */
  readonly bytes: number;
}

/** What is chosen from. */
export interface Cache {
  readonly images: readonly StoredImage[];
  readonly layers: readonly { readonly id: LayerId; readonly allocatedBytes: number }[];
}

/**
 * Chooses the least recently used images whose removal frees `reclaim.bytes`: no prefix of that order frees
 * enough, and none is taken whose layers others need anyway, for it would free nothing. Layers that no image
 * names are rubbish and count first. Pure.
 *
 * A layer counts for the image that was its last holder: what several images share is freed only when all go.
 */
export function* chooseLeastRecentlyUsed(cache: Cache, protections: Protections, reclaim: Reclaim): Steps<Choice> {
  const pace = new Pace();
  const holders = new Map<LayerId, number>();
  const candidates: StoredImage[] = [];
  const spared = new Map<string, string>();
  for (const image of cache.images) {
    if (pace.tired(image.layers.length + protections.exclusions.length)) yield;
    for (const id of new Set(image.layers)) holders.set(id, (holders.get(id) ?? 0) + 1);
    if (reasonToKeep(image, protections) !== undefined) continue;
    if (lastUseOf(image) < reclaim.unusedSince) candidates.push(image);
    else spared.set(image.reference, `it was last used ${lastUseOf(image)}: that is within the minimum age`);
  }

  const allocated = new Map<LayerId, number>();
  let bytes = 0;
  for (const { id, allocatedBytes } of cache.layers) {
    if (pace.tired()) yield;
    if (protections.layers.has(id)) continue;
    allocated.set(id, allocatedBytes);
    if (!holders.has(id)) bytes += allocatedBytes;
  }

  const victims = new Map<string, StoredImage>();
  for (const image of yield* sortedInSteps(candidates, leastRecentlyUsedFirst)) {
    if (pace.tired(image.layers.length)) yield;
    if (bytes >= reclaim.bytes) {
      spared.set(image.reference, 'enough is free without it: others were used less recently');
      continue;
    }
    victims.set(image.reference, image);
    for (const id of new Set(image.layers)) {
      const left = holders.get(id)! - 1;
      holders.set(id, left);
      if (left === 0) bytes += allocated.get(id) ?? 0;
    }
  }

  for (const image of victims.values()) {
    if (pace.tired(image.layers.length)) yield;
    if (image.layers.some((id) => holders.get(id) === 0 && allocated.has(id))) continue;
    victims.delete(image.reference);
    spared.set(image.reference, 'removing it would free nothing: others need all of its layers');
  }
  return { victims, spared, bytes };
}

function leastRecentlyUsedFirst(a: StoredImage, b: StoredImage): number {
  const [first, second] = [lastUseOf(a), lastUseOf(b)];
  if (first !== second) return first < second ? -1 : 1;
  return a.reference < b.reference ? -1 : 1;
}
