import type { Digest } from '@keelson/image';
import type { Inventory } from './plan.js';
import { uniqueBytes } from './unique-bytes.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

/** One image as people list it: `sizeBytes` is `uniqueBytes` and `sharedBytes` together. */
export interface ImageSummary {
  readonly reference: string;
  readonly digest: Digest;
  readonly indexDigest?: Digest;
  readonly sizeBytes: number;
  /** Of layers that no other image holds. */
  readonly uniqueBytes: number;
  readonly sharedBytes: number;
  readonly created?: string;
  readonly pulledAt: string;
  readonly lastUsedAt?: string;
  readonly pinned: boolean;
  readonly loadedFrom?: string;
}

/**
 * Where the bytes of the store are. Sizes come from records made when a layer was unpacked; nothing is
 * walked.
 */
export interface StoreUsage {
  /** Layers that a container stands on, or that work in progress needs. */
  readonly liveBytes: number;
  /** Layers that are only here to be used again. */
  readonly cachedBytes: number;
  /** Moved to `gc/`, not swept yet. */
  readonly trashBytes: number;
  readonly stagingBytes: number;
  /** In quarantine. */
  readonly unaccountedBytes: number;
  readonly images: readonly ImageSummary[];
}

/** What each image takes, and what it would give back alone. */
export function imageUsages(inventory: Pick<Inventory, 'images' | 'layers'>): readonly ImageSummary[] {
  const unique = uniqueBytes(inventory);
  return inventory.images.map((image) => summaryOf(image, unique(image)));
}

/** Bytes of the layers in `live`, and of all others. */
export function layerUsage(
  layers: Iterable<{ readonly id: LayerId; readonly sizeBytes: number }>,
  live: ReadonlySet<LayerId>,
): { readonly liveBytes: number; readonly cachedBytes: number } {
  let liveBytes = 0;
  let cachedBytes = 0;
  for (const layer of layers) {
    if (live.has(layer.id)) liveBytes += layer.sizeBytes;
    else cachedBytes += layer.sizeBytes;
  }
  return { liveBytes, cachedBytes };
}

function summaryOf(image: StoredImage, unique: number): ImageSummary {
  const { reference, digest, indexDigest, sizeBytes, created, pulledAt, lastUsedAt, pinned, loadedFrom } =
    image;
  return {
    reference,
    digest,
    ...(indexDigest === undefined ? {} : { indexDigest }),
    sizeBytes,
    uniqueBytes: unique,
    sharedBytes: sizeBytes - unique,
    ...(created === undefined ? {} : { created }),
    pulledAt,
    ...(lastUsedAt === undefined ? {} : { lastUsedAt }),
    pinned,
    ...(loadedFrom === undefined ? {} : { loadedFrom }),
  };
}
