import type { Future, Answer } from '../future/future.js';
import type { Lease } from './lease.js';
import { ReadWriteLock } from './read-write-lock.js';
import type { LockOptions } from './read-write-lock.js';

/**
 * One holder at a time, first in, first out: a read-write lock that only writers use. Mirrors libprocess
 * `Mutex`, except that a waiter that is discarded leaves the queue and that a lease can be released only
 * once.
 *
 * @example
 * const mutex = new Mutex();
 * const saved = mutex.with(() => files.writeDurably(path, content));
 */
export class Mutex {
  readonly #lock: ReadWriteLock;

  constructor(options: LockOptions = {}) {
    this.#lock = new ReadWriteLock({ name: 'mutex', ...options });
  }

  /** The lease, at once if it is free. Discard it to leave the queue. */
  lock(): Future<Lease> {
    return this.#lock.writeLock();
  }

  /**
   * Runs `f` under the lease, which is released when its work is settled or abandoned, whoever still listens.
   */
  with<R>(f: () => Answer<R>): Future<R> {
    return this.#lock.withWrite(f);
  }

  /** Fails who waits, and whoever comes later, with DisposedError. */
  dispose(): void {
    this.#lock.dispose();
  }
}
