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
  /**
   * planned: sizes on record. unlinked: allocated bytes really unlinked by the sweep. measured: free space
   * won.
   */
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

/**
 * One report of what several prunes did beside each other: lists are joined, bytes added, the longest lock
 * counts.
 *
 * @example mergePruneReports([await docker.prune(names, layers), await other.prune(names, layers)])
 */
export function mergePruneReports(reports: readonly PruneReport[]): PruneReport {
  const sum = (bytesOf: (report: PruneReport) => number): number =>
    reports.reduce((total, report) => total + bytesOf(report), 0);
  return {
    removed: {
      images: reports.flatMap(({ removed }) => removed.images),
      layers: reports.flatMap(({ removed }) => removed.layers),
    },
    kept: reports.flatMap(({ kept }) => kept),
    skipped: reports.flatMap(({ skipped }) => skipped),
    unmatchedExclusions: [...new Set(reports.flatMap(({ unmatchedExclusions }) => unmatchedExclusions))],
    bytes: {
      planned: sum(({ bytes }) => bytes.planned),
      unlinked: sum(({ bytes }) => bytes.unlinked),
      measured: sum(({ bytes }) => bytes.measured),
    },
    lockHeldMs: reports.reduce((longest, { lockHeldMs }) => Math.max(longest, lockHeldMs), 0),
  };
}
