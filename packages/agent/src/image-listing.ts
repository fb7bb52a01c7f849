import { imageUsages } from '@keelson/store';
import type { Snapshot } from './snapshot.js';
import { holdersOf } from './snapshot.js';

/**
 * One image as it is listed. Sizes are bytes of unpacked layers, times ISO 8601 UTC, `null` where nothing is
 * known.
 */
export interface ImageListing {
  readonly reference: string;
  readonly digest: string;
  readonly sizeBytes: number;
  /** What removing this image alone would free. */
  readonly uniqueBytes: number;
  /** What other images hold too. */
  readonly sharedBytes: number;
  readonly created: string | null;
  readonly pulledAt: string;
  readonly lastUsedAt: string | null;
  readonly pinned: boolean;
  /** Containers that have not ended. */
  readonly usedBy: readonly string[];
}

/** Every image in the order of its reference. Pure. */
export function listImages(snapshot: Snapshot): readonly ImageListing[] {
  const sizes = new Map(imageUsages(snapshot.store).map((usage) => [usage.reference, usage]));
  const holders = holdersOf(snapshot);
  return snapshot.store.images
    .toSorted((a, b) => (a.reference < b.reference ? -1 : 1))
    .map((image) => {
      const { reference, digest, pulledAt, pinned } = image;
      const { sizeBytes, uniqueBytes, sharedBytes } = sizes.get(reference)!;
      const users = holders.filter(({ references }) => references.includes(reference));
      return {
        reference,
        digest,
        sizeBytes,
        uniqueBytes,
        sharedBytes,
        created: image.created ?? null,
        pulledAt,
        lastUsedAt: image.lastUsedAt ?? null,
        pinned,
        usedBy: users.map(({ name }) => name.replace(/^container /, '')),
      };
    });
}
