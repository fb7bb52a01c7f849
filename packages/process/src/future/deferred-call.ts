import type { FutureCore } from './future-core.js';

/**
 * Marks a callable made by `defer`: a future that meets one becomes the message itself instead of wrapping
 * another.
 */
export const DEFERRED: unique symbol = Symbol('deferred');

/** What stands behind a callable made by `defer`. */
export interface DeferredCall {
  /** Puts `future` into the mailbox; the handler's answer completes it. Abandons it if nobody lives there. */
  enqueue(future: FutureCore<unknown>, value: unknown): void;
}

/** Where a request came from: a mirror that carries one adds it to an error that arrives later. */
export interface Origin {
  explain(error: Error): void;
}
