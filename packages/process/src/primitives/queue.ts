import { READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import { WaitingLine } from '../locks/waiting-line.js';
import { Fifo } from './fifo.js';

/**
 * Values on their way from those who `put` to those who `get`, first in, first out. Unbounded: it is for
 * values whose number something else bounds. Mirrors libprocess `Queue`.
 *
 * @example
 * const queue = new Queue<string>();
 * const first = queue.get();
 * queue.put('a'); // completes `first` before it returns
 */
export class Queue<T> {
  readonly #values = new Fifo<T>();
  readonly #getters = new WaitingLine<T>();

  /** Values stored; those who wait do not count. */
  get size(): number {
    return this.#values.size;
  }

  /** Gives the value to whoever has waited longest, else stores it. */
  put(value: T): void {
    const getter = this.#getters.shift();
    if (getter) settle(getter, READY, value);
    else this.#values.add(value);
  }

  /** The oldest value, at once if there is one. Discarding it while it waits leaves the queue. */
  get(): Future<T> {
    return this.#values.size > 0 ? Future.ready(this.#values.shift()!) : this.#getters.join();
  }
}
