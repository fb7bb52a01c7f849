import { DisposedError } from '../errors.js';
import { DISCARDED, FAILED, READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import type { Answer } from '../future/future.js';
import { settle } from '../future/settlement.js';
import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import { hold } from './hold.js';
import { OnceLease } from './lease.js';
import type { Lease } from './lease.js';
import { leadingGroup, mayRead, mayWrite } from './lock-rules.js';
import type { LockKind } from './lock-rules.js';
import { ObservedLock } from './observed-lock.js';
import type { LockEvent } from './read-write-lock-machine.js';
import { WaiterList } from './waiter-list.js';
import type { Waiter } from './waiter-list.js';

/** Options of locks. */
export interface LockOptions {
  /** How it is called in traces. */
  readonly name?: string;
  /** Whose observers see it when no handler is running. */
  readonly runtime?: Runtime;
}

interface Request {
  readonly id: number;
  readonly kind: LockKind;
  readonly future: Future<Lease>;
  /** Counted as a holder already; it is about to be told. */
  granted: boolean;
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
  #writing = false;
  #readers = 0;
  readonly #waiters = new WaiterList<Request>();
  #lastId = 0;
  #disposed = false;
  #observed: ObservedLock | undefined;
  readonly #name: string;
  readonly #runtime: Runtime | undefined;
  readonly #releaseRead = (id: number): void => this.#release('read', id);
  readonly #releaseWrite = (id: number): void => this.#release('write', id);

  constructor(options: LockOptions = {}) {
    this.#name = options.name ?? 'lock';
    this.#runtime = options.runtime;
  }

  /** A lease to read, at once unless somebody writes or waits. Discard it to leave the queue. */
  readLock(): Future<Lease> {
    return this.#request('read');
  }

  /** A lease to write, at once if nobody holds the lock. Discard it to leave the queue. */
  writeLock(): Future<Lease> {
    return this.#request('write');
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
    this.#disposed = true;
    this.#observed = undefined;
    for (let request = this.#waiters.shift(); request; request = this.#waiters.shift()) {
      settle(request.future, FAILED, this.#disposedError(request.kind));
    }
  }

  #request(kind: LockKind): Future<Lease> {
    if (this.#disposed) return Future.failed(this.#disposedError(kind));
    const id = (this.#lastId += 1);
    if (this.#decide({ type: kind, id }, id)) return Future.ready(this.#lease(kind, id));

    const future = Future.pending<Lease>();
    const waiter = this.#waiters.add({ id, kind, future, granted: false });
    future.onDiscard(() => this.#forget(waiter));
    return future;
  }

  #lease(kind: LockKind, id: number): Lease {
    return new OnceLease(kind === 'read' ? this.#releaseRead : this.#releaseWrite, id);
  }

  #release(kind: LockKind, id: number): void {
    this.#letIn(this.#decide({ type: kind === 'read' ? 'readUnlock' : 'writeUnlock' }, id));
  }

  #forget(waiter: Waiter<Request>): void {
    const { id, kind, future, granted } = waiter.value;
    if (granted) {
      // Discarded by the callback of another that was let in with it: it gives its share back unused.
      settle(future, DISCARDED, undefined);
      this.#release(kind, id);
      return;
    }
    this.#waiters.remove(waiter);
    const group = this.#decide({ type: 'forget', id }, id);
    settle(future, DISCARDED, undefined);
    this.#letIn(group);
  }

  /**
   * Grants to the first `group` waiters. The counters are final by now: a callback may release or ask again.
   */
  #letIn(group: number): void {
    if (group === 0) return;
    if (group === 1) {
      const { id, kind, future } = this.#waiters.shift()!;
      settle(future, READY, this.#lease(kind, id));
      return;
    }
    const granted = Array.from({ length: group }, () => this.#waiters.shift()!);
    for (const request of granted) request.granted = true;
    for (const { id, kind, future } of granted) {
      if (future.isPending()) settle(future, READY, this.#lease(kind, id));
    }
  }

  /**
   * Applies an event to the counters. Answers how many get in: of a request 0 or 1, else of the head of the
   * queue.
   */
  #decide(event: LockEvent, lease: number): number {
    const runtime = current.runtime ?? this.#runtime;
    if (runtime?.observation.hasObservers && !this.#disposed) return this.#watchedDecide(runtime, event, lease);
    this.#observed = undefined;
    switch (event.type) {
      case 'read':
        if (!mayRead(this.#facts)) return 0;
        this.#readers += 1;
        return 1;
      case 'write':
        if (!mayWrite(this.#facts)) return 0;
        this.#writing = true;
        return 1;
      case 'readUnlock':
        this.#readers -= 1;
        break;
      case 'writeUnlock':
        this.#writing = false;
        break;
    }
    if (this.#waiters.size === 0) return 0;
    const group = leadingGroup(this.#facts, kindsOf(this.#waiters));
    if (group === 1 && this.#waiters.peek()!.kind === 'write') this.#writing = true;
    else this.#readers += group;
    return group;
  }

  get #facts(): { writing: boolean; readers: number; waiting: number } {
    return { writing: this.#writing, readers: this.#readers, waiting: this.#waiters.size };
  }

  /** The machine takes the decision, and its observers see it. */
  #watchedDecide(runtime: Runtime, event: LockEvent, lease: number): number {
    if (this.#observed?.runtime !== runtime) {
      const queue = Array.from(this.#waiters, ({ id, kind }) => ({ id, kind }));
      if (event.type === 'forget') queue.push({ id: event.id, kind: 'read' });
      const context = { readers: this.#readers, writing: this.#writing, queue, granted: [] };
      this.#observed = new ObservedLock(runtime, this.#name, context);
    }
    const { readers, writing, granted } = this.#observed.send(event, lease);
    this.#readers = readers;
    this.#writing = writing;
    return granted.length;
  }

  #disposedError(kind: LockKind): DisposedError {
    return new DisposedError(`Cannot take a ${kind} lease: ${this.#name} was disposed`);
  }
}

function* kindsOf(waiters: Iterable<Request>): Generator<LockKind> {
  for (const { kind } of waiters) yield kind;
}
