import { DisposedError } from '../errors.js';
import { DISCARDED, READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import { WaitingLine } from '../locks/waiting-line.js';
import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import type { TimeOptions } from '../time/after.js';
import type { ClockTimer } from '../time/clock.js';
import { freeStandingClock } from '../time/real-clock.js';
import { startTimer } from '../time/start-timer.js';

/**
 * Paces work: `permits` in `durationMs`, one every `durationMs / permits`, first come first served. The first
 * goes at once; there is no burst, and idle time is not saved up. Mirrors libprocess `RateLimiter`.
 *
 * @example
 * const limiter = new RateLimiter(2, 1_000);
 * return limiter.acquire().then(() => this.registry.ask(url));
 */
export class RateLimiter {
  readonly #intervalMs: number;
  readonly #runtime: Runtime | undefined;
  readonly #waiting = new WaitingLine<void>(() => this.#gaveUp());
  #nextAtMs = -Infinity;
  #timer: ClockTimer | undefined;
  #disposed = false;

  /** @throws RangeError    `permits` or `durationMs` is not positive */
  constructor(permits: number, durationMs: number, options: TimeOptions = {}) {
    if (!(permits > 0) || !(durationMs > 0)) {
      throw new RangeError(`RateLimiter: ${permits} permits in ${durationMs} ms is no rate; both must be positive`);
    }
    this.#intervalMs = durationMs / permits;
    this.#runtime = options.runtime;
  }

  /**
   * READY when it is this caller's turn. Discarding it while it waits leaves the queue and costs the others
   * no permit.
   */
  acquire(): Future<void> {
    if (this.#disposed) return Future.failed(new DisposedError('Cannot acquire: the rate limiter was disposed'));
    if (this.#waiting.size === 0 && this.#now() >= this.#nextAtMs) {
      this.#nextAtMs = this.#now() + this.#intervalMs;
      return Future.ready();
    }
    this.#timer ??= startTimer(this.#nextAtMs - this.#now(), () => this.#grant(), this.#runtime);
    return this.#waiting.join();
  }

  /** Discards who waits. */
  dispose(): void {
    this.#disposed = true;
    this.#stop();
    for (let future = this.#waiting.shift(); future; future = this.#waiting.shift()) {
      settle(future, DISCARDED, undefined);
    }
  }

  #grant(): void {
    this.#timer = undefined;
    const future = this.#waiting.shift();
    if (!future) return;
    this.#nextAtMs = this.#now() + this.#intervalMs;
    if (this.#waiting.size > 0) this.#timer = startTimer(this.#intervalMs, () => this.#grant(), this.#runtime);
    settle(future, READY, undefined);
  }

  #gaveUp(): void {
    if (this.#waiting.size === 0) this.#stop();
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #now(): number {
    return (current.runtime ?? this.#runtime)?.clock.now() ?? freeStandingClock.now();
  }
}
