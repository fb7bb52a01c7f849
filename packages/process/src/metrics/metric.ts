import type { Future } from '../future/future.js';
import type { Clock } from '../time/clock.js';
import { Statistics } from './statistics.js';
import { TimeSeries } from './time-series.js';

/** Options of metrics. */
export interface MetricOptions {
  /** Keeps the values of this long, so that snapshots tell percentiles. */
  readonly windowMs?: number;
  readonly clock?: Clock;
}

/** A named number that can be asked for. */
export abstract class Metric {
  /** The values of the window, where one was asked for. */
  readonly history: TimeSeries | undefined;

  constructor(
    /** As it appears in snapshots; the words are separated by `/`. */
    readonly name: string,
    options: MetricOptions = {},
  ) {
    this.history = options.windowMs === undefined ? undefined : new TimeSeries(options);
  }

  /** Its value now. May fail, and a snapshot leaves it out then. */
  abstract value(): Future<number>;

  /** Of the history; undefined without one, or with fewer than two values. */
  statistics(): Statistics | undefined {
    return this.history && Statistics.from(this.history);
  }
}
