import { futureOf } from '../future/as-future.js';
import { DISCARD_REQUESTED, READY, STATE } from '../future/future-core.js';
import type { FutureCore, Watcher } from '../future/future-core.js';
import { Future } from '../future/future.js';
import type { Answer } from '../future/future.js';
import { linkUpstream, requestDiscard } from '../future/discard-request.js';
import { abandon, settle, watch } from '../future/settlement.js';
import type { Lease } from './lease.js';

/**
 * Runs `f` while holding a lease, and gives it back once the work is settled or abandoned, whatever became of
 * the caller's interest: a chain that was discarded must not end while its work still holds the lock, nor
 * keep the lock for ever.
 *
 * Discarding the result before the lease is granted gives the place in the queue up; afterwards it asks the
 * work.
 */
export function hold<R>(leased: Future<Lease>, f: () => Answer<R>): Future<R> {
  const result = Future.pending<R>();
  linkUpstream(result, leased);
  watch(leased, new Holder(result, f));
  return result;
}

class Holder implements Watcher {
  #lease: Lease | undefined;

  constructor(
    private readonly result: FutureCore<unknown>,
    private readonly f: () => unknown,
  ) {}

  settled(source: FutureCore<unknown>): void {
    if (this.#lease || (source.bits & STATE) !== READY) return this.#end(source.bits & STATE, source.value);
    this.#lease = source.value as Lease;
    // Followed by hand, so that the lock is free by the time anybody hears of the result.
    const work = futureOf(this.f);
    linkUpstream(this.result, work);
    watch(work, this);
    if (this.result.bits & DISCARD_REQUESTED) requestDiscard(work);
  }

  abandoned(): void {
    this.#release();
    abandon(this.result);
  }

  #end(state: number, value: unknown): void {
    this.#release();
    settle(this.result, state, value);
  }

  #release(): void {
    const lease = this.#lease;
    if (!lease || lease === RELEASED) return;
    this.#lease = RELEASED;
    lease.release();
  }
}

const RELEASED: Lease = { release() {}, [Symbol.dispose]() {} };
