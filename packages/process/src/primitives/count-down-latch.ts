import type { Future } from '../future/future.js';
import { Latch } from './latch.js';

/**
 * Triggered by the last of `count` decrements. With a count of 0 it never is, as in libprocess
 * `CountDownLatch`.
 */
export class CountDownLatch {
  readonly #latch = new Latch();
  #count: number;

  constructor(count = 1) {
    this.#count = count;
  }

  /** One fewer to wait for; ignored once there is none. */
  decrement(): void {
    if (this.#count === 0) return;
    this.#count -= 1;
    if (this.#count === 0) this.#latch.trigger();
  }

  /** READY once the count came down to zero. */
  triggered(): Future<void> {
    return this.#latch.wait();
  }
}
