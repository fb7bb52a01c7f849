import { futureOf } from '../future/as-future.js';
import type { Answer, Future } from '../future/future.js';
import { Deferred } from '../future/deferred.js';
import { Metric } from './metric.js';

/**
 * A number that is asked for when a snapshot is taken. Mirrors libprocess `metrics::PullGauge`.
 *
 * @example
 * metrics.add(new PullGauge('store/layers', () => store.countLayers()));
 */
export class PullGauge extends Metric {
  /** @param ask  may fail or hang; a snapshot with a timeout leaves it out then */
  constructor(
    name: string,
    private readonly ask: () => Answer<number>,
  ) {
    super(name);
  }

  value(): Future<number> {
    const deferred = new Deferred<number>();
    deferred.answer(futureOf(this.ask));
    return deferred.future;
  }
}
