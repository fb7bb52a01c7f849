import { current } from '../runtime/current.js';
import type { Clock } from '../time/clock.js';
import { freeStandingClock } from '../time/real-clock.js';

/** A value and when it was so. */
export interface TimedValue {
  readonly atMs: number;
  readonly value: number;
}

/** Options of {@link TimeSeries}. */
export interface TimeSeriesOptions {
  /** Older values are dropped. Default two weeks. */
  readonly windowMs?: number;
  /** Most values kept, at least 3. Default 1,000. */
  readonly capacity?: number;
  readonly clock?: Clock;
}

const TWO_WEEKS_MS = 14 * 24 * 60 * 60 * 1000;

/**
 * Values over time with a bound on both: those older than the window go, and where there are too many the
 * older half is thinned out evenly, so that the recent past stays exact. Mirrors libprocess `TimeSeries`.
 */
export class TimeSeries {
  readonly #values: TimedValue[] = [];
  readonly #windowMs: number;
  readonly #capacity: number;
  readonly #clock: Clock;
  /** Index of the next value to thin out. */
  #cursor = 1;

  constructor(options: TimeSeriesOptions = {}) {
    this.#windowMs = options.windowMs ?? TWO_WEEKS_MS;
    this.#capacity = Math.max(3, options.capacity ?? 1000);
    this.#clock = options.clock ?? current.runtime?.clock ?? freeStandingClock;
  }

  /** Values kept. */
  get size(): number {
    return this.#values.length;
  }

  /** Records a value, now or at a given time; another at the same time replaces it. */
  set(value: number, atMs: number = this.#clock.now()): void {
    const values = this.#values;
    let index = values.length;
    while (index > 0 && values[index - 1]!.atMs > atMs) index -= 1;
    if (index > 0 && values[index - 1]!.atMs === atMs) {
      values[index - 1] = { atMs, value };
    } else {
      // What comes out of order moves the thinning point; it starts over.
      if (index < values.length) this.#cursor = 1;
      values.splice(index, 0, { atMs, value });
    }
    this.#truncate();
    this.#thinOut();
  }

  /** The values from `startMs` to `stopMs`, both included, oldest first. */
  get(startMs = -Infinity, stopMs = Infinity): TimedValue[] {
    return this.#values.filter(({ atMs }) => atMs >= startMs && atMs <= stopMs);
  }

  /** The most recent value. */
  latest(): TimedValue | undefined {
    return this.#values.at(-1);
  }

  /** Drops what is too old, unless that is everything: the last word stays known. */
  #truncate(): void {
    const expiredMs = this.#clock.now() - this.#windowMs;
    const first = this.#values.findIndex(({ atMs }) => atMs > expiredMs);
    if (first <= 0 || this.#values.length === 1) return;
    this.#values.splice(0, first);
    this.#cursor = this.#cursor < first ? 1 : Math.max(1, this.#cursor - first);
  }

  /** Removes every other value of the older half, a little at a time, then begins again. */
  #thinOut(): void {
    while (this.#values.length > this.#capacity) {
      this.#values.splice(this.#cursor, 1);
      this.#cursor += 1;
      if (this.#cursor > this.#values.length / 2) this.#cursor = 1;
    }
  }
}
