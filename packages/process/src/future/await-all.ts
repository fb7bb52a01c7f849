import { DISCARDED, READY } from './future-core.js';
import type { Watcher } from './future-core.js';
import { Future } from './future.js';
import { requestDiscard } from './discard-request.js';
import { abandon, settle, watch } from './settlement.js';

/**
 * READY with the futures themselves once every one is complete in any way; never fails (libprocess `await`).
 * An abandoned one abandons it. Discarding the result asks every future and does not wait for them.
 */
export function awaitAll<T extends readonly Future<unknown>[]>(futures: readonly [...T]): Future<[...T]>;
export function awaitAll<T>(futures: Iterable<Future<T>>): Future<Future<T>[]>;
export function awaitAll(futures: Iterable<Future<unknown>>): Future<Future<unknown>[]> {
  const inputs = Array.from(futures);
  const result = Future.pending<Future<unknown>[]>();
  let open = inputs.length + 1;
  const closeOne = (): void => {
    open -= 1;
    if (open === 0) settle(result, READY, inputs);
  };
  const watcher: Watcher = { settled: closeOne, abandoned: () => void abandon(result) };
  result.onDiscard(() => {
    // Inputs that react to the request at once must not complete the result.
    open = Infinity;
    for (const input of inputs) requestDiscard(input);
    settle(result, DISCARDED, undefined);
  });
  for (const input of inputs) watch(input, watcher);
  closeOne();
  return result;
}
