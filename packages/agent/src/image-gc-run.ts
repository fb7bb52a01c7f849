/**
 * What started a collection: the clock, a pull that filled the file system above the high watermark, a pull that found
 * no space at all, or somebody who asked.
 */
export type ImageGcTrigger = 'interval' | 'watermark' | 'disk-full' | 'manual';

/** success: enough is free. partial: some is, not enough. noop: nothing went. error: it could not be told or done. */
export type ImageGcResult = 'success' | 'partial' | 'noop' | 'error';

/**
 * Why it ended so.
 *
 * | reason | meaning |
 * |---|---|
 * | `below_watermark` | neither the file system nor the store is over its mark |
 * | `high_watermark` | the file system was over its high watermark |
 * | `store_size` | the layers took more than `maxStoreBytes` |
 * | `disk_full` | a pull found no space |
 * | `all_unused` | somebody asked for a whole prune |
 * | `insufficient_freed` | all that may go is gone, and it is over the mark still: others fill the file system |
 * | `nothing_reclaimable` | nothing may go: all is used, pinned, excluded or younger than the minimum age |
 * | `stats_error` | the file system could not be measured |
 * | `invalid_capacity` | it says that it has no bytes at all |
 * | `prune_failed` | the prune was refused; `error` says why |
 */
export type ImageGcReason =
  | 'below_watermark'
  | 'high_watermark'
  | 'store_size'
  | 'disk_full'
  | 'all_unused'
  | 'insufficient_freed'
  | 'nothing_reclaimable'
  | 'stats_error'
  | 'invalid_capacity'
  | 'prune_failed';

/** One collection, also one that decided to do nothing. Sizes are bytes. */
export interface ImageGcRun {
  readonly trigger: ImageGcTrigger;
  readonly result: ImageGcResult;
  readonly reason: ImageGcReason;
  /** References of the images that went. */
  readonly images: readonly string[];
  readonly layers: number;
  /** What was wanted back. */
  readonly targetBytes: number;
  /** planned: on record; unlinked: given back by the files that went; measured: free space won meanwhile. */
  readonly freedBytes: { readonly planned: number; readonly unlinked: number; readonly measured: number };
  /** Of the file system that holds the store, before; `null` if it is not known. */
  readonly disk: { readonly usedBytes: number; readonly totalBytes: number } | null;
  readonly elapsedMs: number;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/**
 * plan: measuring, and deciding how much is wanted. detach: images forgotten and layers moved away, locks waited for.
 * sweep: until their bytes were gone.
 */
export const imageGcPhases = ['plan', 'detach', 'sweep'] as const;

/** Milliseconds. */
export type ImageGcPhases = Readonly<Record<(typeof imageGcPhases)[number], number>>;
