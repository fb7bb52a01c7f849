import { toError } from '../errors.js';
import { DISCARD_REQUESTED, FAILED, PENDING, READY, STATE } from './future-core.js';
import type { FutureCore, Watcher } from './future-core.js';
import { addDiscardHook, linkUpstream, requestDiscard } from './discard-request.js';
import { complete, settle } from './settlement.js';

/** `Future.recover`: the one continuation that also hears of discard and abandonment. Runs at most once. */
export class RecoverWatcher implements Watcher {
  #over = false;

  constructor(
    private readonly derived: FutureCore<unknown>,
    private readonly f: (future: FutureCore<unknown>) => unknown,
  ) {}

  settled(source: FutureCore<unknown>): void {
    if ((source.bits & STATE) !== READY) return this.#recover(source);
    if (this.#over) return;
    this.#over = true;
    settle(this.derived, READY, source.value);
  }

  abandoned(source: FutureCore<unknown>): void {
    this.#recover(source);
  }

  #recover(source: FutureCore<unknown>): void {
    if (this.#over) return;
    this.#over = true;
    const { derived } = this;
    // The request was for what is over now; the recovery starts without one, and can be discarded anew.
    derived.bits &= ~DISCARD_REQUESTED;
    linkUpstream(derived, undefined);
    // An abandoned source is still pending: whoever discards the recovery has no use for that either.
    if ((source.bits & STATE) === PENDING) addDiscardHook(derived, () => void requestDiscard(source));
    try {
      complete(derived, this.f(source));
    } catch (error) {
      settle(derived, FAILED, toError(error));
    }
  }
}
