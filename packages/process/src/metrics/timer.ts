import { Future } from '../future/future.js';
import { current } from '../runtime/current.js';
import type { Clock } from '../time/clock.js';
import { freeStandingClock } from '../time/real-clock.js';
import { Metric } from './metric.js';
import type { MetricOptions } from './metric.js';

/** Units a {@link Timer} can tell, and milliseconds per each. They end its name. */
const UNITS = { ns: 1e-6, us: 1e-3, ms: 1, secs: 1000, mins: 60_000, hrs: 3_600_000 } as const;

/** Options of {@link Timer}. */
export interface TimerOptions extends MetricOptions {
  /** Default `ms`. */
  readonly unit?: keyof typeof UNITS;
}

/**
 * How long things take: the last duration measured, under a name that ends with the unit. Mirrors libprocess
 * `metrics::Timer`. (A timer that fires is a `ClockTimer` here.)
 *
 * @example
 * const pulls = new Timer('store/pull', { windowMs: 60 * 60 * 1000 });
 * return pulls.time(this.puller.pull(reference));
 */
export class Timer extends Metric {
  readonly #clock: Clock;
  readonly #msPerUnit: number;
  #startMs: number | undefined;
  #last: number | undefined;

  constructor(name: string, options: TimerOptions = {}) {
    const unit = options.unit ?? 'ms';
    super(`${name}_${unit}`, options);
    this.#msPerUnit = UNITS[unit];
    this.#clock = options.clock ?? current.runtime?.clock ?? freeStandingClock;
  }

  /** The last duration; FAILED before there is one. */
  value(): Future<number> {
    if (this.#last === undefined) return Future.failed(new Error(`${this.name}: No value`));
    return Future.ready(this.#last);
  }

  /** Begins to measure. */
  start(): void {
    this.#startMs = this.#clock.now();
  }

  /** Ends it and answers the duration in its unit; undefined, and without effect, if it was not started. */
  stop(): number | undefined {
    if (this.#startMs === undefined) return undefined;
    const duration = this.#record(this.#startMs);
    this.#startMs = undefined;
    return duration;
  }

  /** Measures from now until `future` is complete, and answers `future`. Many may be measured at once. */
  time<T>(future: Future<T>): Future<T> {
    const startMs = this.#clock.now();
    return future.onAny(() => void this.#record(startMs));
  }

  #record(startMs: number): number {
    this.#last = (this.#clock.now() - startMs) / this.#msPerUnit;
    this.history?.set(this.#last);
    return this.#last;
  }
}
