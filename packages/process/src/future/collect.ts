import { DiscardedError, toError } from '../errors.js';
import { DISCARDED, FAILED, READY, STATE } from './future-core.js';
import type { DiscardListener, FutureCore, Watcher } from './future-core.js';
import { Future } from './future.js';
import { requestDiscard } from './discard-request.js';
import { abandon, settle, watch } from './settlement.js';

/**
 * The values of all futures, in their order. The first that fails fails the result with `Collect failed: …`
 * (an error of the same class, code and details, whose `cause` is the original); a discarded one fails it
 * too; the others are left alone. An abandoned one abandons it. Discarding the result asks every future and
 * does not wait for them.
 *
 * Mirrors libprocess `collect`, but answers at once where every future is complete already. Linear in their
 * number.
 */
export function collect<T extends readonly unknown[]>(futures: {
  readonly [K in keyof T]: Future<T[K]>;
}): Future<{ -readonly [K in keyof T]: T[K] }>;
export function collect<T>(futures: Iterable<Future<T>>): Future<T[]>;
export function collect(futures: Iterable<Future<unknown>>): Future<unknown[]> {
  const inputs = Array.isArray(futures) ? (futures as Future<unknown>[]).slice() : Array.from(futures);
  const result = Future.pending<unknown[]>();
  const collector = new Collector(inputs, result);
  result.upstream = collector;
  // Indexed: the copy is as long as it will be, and an iterator for each of many inputs is not free.
  for (let at = 0; at < inputs.length; at += 1) watch(inputs[at]!, collector);
  collector.finishIfDone();
  return result;
}

class Collector implements Watcher, DiscardListener {
  #open: number;
  #closed = false;

  constructor(
    /** The futures; once all are READY, their values in the same place: a hundred thousand cost no second array. */
    private readonly inputs: unknown[],
    private readonly result: FutureCore<unknown>,
  ) {
    // One more than there are: the result waits until every input is watched.
    this.#open = inputs.length + 1;
  }

  settled(source: FutureCore<unknown>): void {
    if (this.#closed) return;
    const state = source.bits & STATE;
    if (state === READY) this.finishIfDone();
    else if (state === FAILED) settle(this.result, FAILED, prefixed(toError(source.value)));
    else settle(this.result, FAILED, new DiscardedError('Collect failed: future discarded'));
  }

  abandoned(): void {
    abandon(this.result);
  }

  discardRequested(): void {
    // Inputs that react to the request at once must not fail the result.
    this.#closed = true;
    for (const input of this.inputs) requestDiscard(input as FutureCore<unknown>);
    settle(this.result, DISCARDED, undefined);
  }

  finishIfDone(): void {
    this.#open -= 1;
    if (this.#open > 0) return;
    const { inputs } = this;
    for (let at = 0; at < inputs.length; at += 1) inputs[at] = (inputs[at] as FutureCore<unknown>).value;
    settle(this.result, READY, inputs);
  }
}

/**
 * The same error under a longer message: still an instance of its class, so callers can tell what happened.
 */
function prefixed(error: Error): Error {
  const property = (value: unknown): PropertyDescriptor => ({ value, configurable: true, writable: true });
  return Object.create(Object.getPrototypeOf(error) as object, {
    ...Object.getOwnPropertyDescriptors(error),
    message: property(`Collect failed: ${error.message}`),
    cause: property(error),
  }) as Error;
}
