import { toError } from '../errors.js';
import { FAILED, FutureCore, PENDING, READY } from './future-core.js';
import { complete } from './settlement.js';

/**
 * Runs `f` and answers its outcome as a future: the very one it answered, if it did; what it throws is a
 * failure.
 */
export function futureOf(f: () => unknown): FutureCore<unknown> {
  let answer: unknown;
  try {
    answer = f();
  } catch (error) {
    return settledAs(FAILED, toError(error));
  }
  if (answer instanceof FutureCore) return answer as FutureCore<unknown>;
  if (typeof answer !== 'object' || answer === null) return settledAs(READY, answer);
  const future = new FutureCore<unknown>(PENDING);
  complete(future, answer);
  return future;
}

function settledAs(state: number, value: unknown): FutureCore<unknown> {
  const future = new FutureCore<unknown>(state);
  future.value = value;
  return future;
}
