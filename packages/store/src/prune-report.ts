import type { Digest } from '@keelson/image';
import type { LayerId } from './store.js';

export interface RemovedImage {
  readonly reference: string;
  readonly digest: Digest;
  /** Bytes of layers that no other image listed before the prune held. */
  readonly uniqueBytes: number;
}

export interface RemovedLayer {
  readonly id: LayerId;
  readonly sizeBytes: number;
}

/** An image reference or layer id, and one sentence saying why it stayed. */
export interface Verdict {
  readonly object: string;
  readonly why: string;
}

/** What a prune did. Parts of several stores are joined with `mergePruneReports`. */
export interface PruneReport {
  readonly removed: { readonly images: readonly RemovedImage[]; readonly layers: readonly RemovedLayer[] };
  readonly kept: readonly Verdict[];
  /** Wanted gone but could not be moved (EBUSY, EACCES, …); the next prune tries again. */
  readonly skipped: readonly Verdict[];
  readonly unmatchedExclusions: readonly string[];
  /** planned: sizes on record. unlinked: allocated bytes really unlinked by the sweep. measured: free space won. */
  readonly bytes: { readonly planned: number; readonly unlinked: number; readonly measured: number };
  readonly lockHeldMs: number;
}

/** The report of a prune that had nothing to do. */
export function emptyPruneReport(): PruneReport {
  return {
    removed: { images: [], layers: [] },
    kept: [],
    skipped: [],
    unmatchedExclusions: [],
    bytes: { planned: 0, unlinked: 0, measured: 0 },
    lockHeldMs: 0,
  };
}
