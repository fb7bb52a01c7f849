import { DISCARDED, READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import type { Runtime } from '../runtime/runtime.js';
import { startTimer } from './start-timer.js';

/** Options of functions that need time. */
export interface TimeOptions {
  /** Whose clock it is, when no handler is running. */
  readonly runtime?: Runtime;
}

/**
 * READY after `ms`, on the clock of the running handler's runtime, else of the one passed, else in real time.
 * Discarding it makes it DISCARDED at once, unless it is over already. Mirrors libprocess `after`.
 *
 * @example await after(100);
 */
export function after(ms: number, options: TimeOptions = {}): Future<void> {
  const future = Future.pending<void>();
  const timer = startTimer(ms, () => void settle(future, READY, undefined), options.runtime);
  future.onDiscard(() => {
    if (timer.cancel()) settle(future, DISCARDED, undefined);
  });
  return future;
}
