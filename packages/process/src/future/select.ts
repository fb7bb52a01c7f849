import { DISCARDED, READY, STATE } from './future-core.js';
import type { FutureCore, Watcher } from './future-core.js';
import { Future } from './future.js';
import { abandon, settle, watch } from './settlement.js';

/** The first future that became READY, and where it stood in the list. */
export interface Selected<T> {
  readonly future: Future<T>;
  readonly index: number;
}

/**
 * READY with the first future that becomes READY; failed and discarded ones are passed over, losers are left
 * alone. When none is left that could win (or there was none), the result is abandoned. Discarding it
 * discards it alone.
 *
 * Wrapped in an object, because awaiting a Future of a Future would flatten it.
 */
export function select<T>(futures: Iterable<Future<T>>): Future<Selected<T>> {
  const inputs = Array.from(futures);
  const result = Future.pending<Selected<T>>();
  let open = inputs.length + 1;
  const closeOne = (): void => {
    open -= 1;
    if (open === 0) abandon(result);
  };
  result.onDiscard(() => void settle(result, DISCARDED, undefined));
  inputs.forEach((future, index) => {
    const watcher: Watcher = {
      settled: (source: FutureCore<unknown>) => {
        if ((source.bits & STATE) === READY) settle(result, READY, { future, index });
        else closeOne();
      },
      abandoned: closeOne,
    };
    watch(future, watcher);
  });
  closeOne();
  return result;
}
