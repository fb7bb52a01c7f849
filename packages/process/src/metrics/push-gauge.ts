import { Future } from '../future/future.js';
import { Metric } from './metric.js';

/** A number its owner sets. Keeps no history. Mirrors libprocess `metrics::PushGauge`. */
export class PushGauge extends Metric {
  #value = 0;

  /** The number. */
  get current(): number {
    return this.#value;
  }

  value(): Future<number> {
    return Future.ready(this.#value);
  }

  /** Replaces it. */
  set(value: number): void {
    this.#value = value;
  }

  /** Adds `by`, which may be negative; answers the new number. */
  add(by = 1): number {
    return (this.#value += by);
  }
}
