import { toError } from '../errors.js';
import { startTimer } from '../time/start-timer.js';
import type { ClockTimer } from '../time/clock.js';
import { FAILED, STATE } from './future-core.js';
import type { FutureCore, Watcher } from './future-core.js';
import { linkUpstream } from './discard-request.js';
import { abandon, complete, settle } from './settlement.js';

/** `Future.after`: whichever comes first, the source or the deadline. Mirrors libprocess `Future::after`. */
export class AfterWatcher implements Watcher {
  readonly #timer: ClockTimer;
  #over = false;

  constructor(
    private readonly source: FutureCore<unknown>,
    private readonly derived: FutureCore<unknown>,
    private readonly f: (future: FutureCore<unknown>) => unknown,
    ms: number,
  ) {
    this.#timer = startTimer(ms, () => this.#expired());
  }

  settled(source: FutureCore<unknown>): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.cancel();
    settle(this.derived, source.bits & STATE, source.value);
  }

  abandoned(): void {
    // The timer goes on: at the deadline `f` still decides, as upstream does.
    abandon(this.derived);
  }

  #expired(): void {
    if (this.#over) return;
    this.#over = true;
    linkUpstream(this.derived, undefined);
    try {
      complete(this.derived, this.f(this.source));
    } catch (error) {
      settle(this.derived, FAILED, toError(error));
    }
  }
}
