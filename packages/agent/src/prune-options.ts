import type { PlanOptions } from './read-only-view.js';

export interface PruneOptions extends PlanOptions {
  /** The hash of a plan: it is done exactly so, or not at all. */
  readonly apply?: string;
  /** Answer after the sweep, with the bytes that were really unlinked. */
  readonly wait?: boolean;
}
