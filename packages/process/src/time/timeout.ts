import { current } from '../runtime/current.js';
import type { Clock } from './clock.js';
import { freeStandingClock } from './real-clock.js';

/**
 * A moment by which something should be over, to be passed along while the time that remains gets shorter.
 * Mirrors libprocess `Timeout`.
 *
 * @example
 * const timeout = Timeout.in(30_000);
 * request.after(timeout.remaining(), giveUp);
 */
export class Timeout {
  private constructor(
    /** On the clock it was made with. */
    readonly atMs: number,
    private readonly clock: Clock,
  ) {}

  /**
   * `ms` from now, on the clock given, else of the running handler's runtime, else real. Infinity never
   * expires.
   */
  static in(ms: number, options: { readonly clock?: Clock } = {}): Timeout {
    const clock = options.clock ?? current.runtime?.clock ?? freeStandingClock;
    return new Timeout(clock.now() + Math.max(0, ms), clock);
  }

  /** Milliseconds left, never less than 0. */
  remaining(): number {
    return Math.max(0, this.atMs - this.clock.now());
  }

  /** Whether the moment has come. */
  expired(): boolean {
    return this.remaining() === 0;
  }
}
