import { READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';

/**
 * Something that happens once and that any number may wait for. Mirrors libprocess `Latch`, without blocking.
 */
export class Latch {
  readonly #triggered = Future.pending<void>();

  /** True the first time. */
  trigger(): boolean {
    return settle(this.#triggered, READY, undefined);
  }

  /** READY once triggered. Discarding it is without effect on the others. */
  wait(): Future<void> {
    return this.#triggered.undiscardable();
  }
}
