import { Future } from '../future/future.js';
import { Metric } from './metric.js';
import type { MetricOptions } from './metric.js';

/**
 * A count of what happened. Mirrors libprocess `metrics::Counter`.
 *
 * @example
 * readonly #pulls = new Counter('containerizer/image_pulls');
 * this.#pulls.increment();
 */
export class Counter extends Metric {
  #count = 0;

  constructor(name: string, options: MetricOptions = {}) {
    super(name, options);
    this.history?.set(0);
  }

  /** The count. */
  get count(): number {
    return this.#count;
  }

  value(): Future<number> {
    return Future.ready(this.#count);
  }

  /** Adds `by`, which may be negative; answers the new count. */
  increment(by = 1): number {
    this.#count += by;
    this.history?.set(this.#count);
    return this.#count;
  }

  /** Back to 0. */
  reset(): void {
    this.increment(-this.#count);
  }
}
