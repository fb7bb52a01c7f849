import type { Answer, Future } from '../future/future.js';
import type { Runtime } from '../runtime/runtime.js';
import { hold } from './hold.js';
import type { Lease } from './lease.js';
import { LockQueue } from './lock-queue.js';

/** Options of locks. */
export interface LockOptions {
  /** How it is called in traces. */
  readonly name?: string;
  /** Whose observers see it when no handler is running. */
  readonly runtime?: Runtime;
}

/**
 * Many readers or one writer, first in, first out: readers queue behind any waiting writer, and a write
 * release lets in the leading run of readers or one writer. Nobody starves. Grants happen inside the release
 * that makes them possible.
 *
 * Mirrors libprocess `ReadWriteLock`; {@link readWriteLockMachine} is its specification and its transition
 * table. The lock runs the machine's rule functions directly, and the machine itself while a runtime's
 * observers watch. Unlike upstream, a waiter that is discarded leaves the queue, and what is granted is a
 * lease that can be released only once.
 *
 * Not re-entrant, and there is no upgrade: never take a lease while holding one.
 *
 * @example
 * const lock = new ReadWriteLock();
 * const report = lock.withWrite(() => store.prune(request));
 */
export class ReadWriteLock {
  readonly #queue: LockQueue;

  constructor(options: LockOptions = {}) {
    this.#queue = new LockQueue(options.name ?? 'lock', options.runtime);
  }

  /** A lease to read, at once unless somebody writes or waits. Discard it to leave the queue. */
  readLock(): Future<Lease> {
    return this.#queue.request('read');
  }

  /** A lease to write, at once if nobody holds the lock. Discard it to leave the queue. */
  writeLock(): Future<Lease> {
    return this.#queue.request('write');
  }

  /**
   * Runs `f` under a read lease, which is released when its work is settled or abandoned, whoever still
   * listens.
   */
  withRead<R>(f: () => Answer<R>): Future<R> {
    return hold(this.readLock(), f);
  }

  /**
   * Runs `f` under a write lease, which is released when its work is settled or abandoned, whoever still
   * listens.
   */
  withWrite<R>(f: () => Answer<R>): Future<R> {
    return hold(this.writeLock(), f);
  }

  /**
   * Fails who waits, and whoever comes later, with {@link DisposedError}. Leases that are held may still be
   * released.
   */
  dispose(): void {
    this.#queue.dispose();
  }
}
