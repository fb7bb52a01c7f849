import { DisposedError } from '../errors.js';
import { DISCARDED, FAILED, PENDING, READY, STATE } from '../future/future-core.js';
import type { DiscardListener, FutureCore } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import { HeldLease } from './lease.js';
import type { Lease, Lessor } from './lease.js';
import { admits } from './lock-rules.js';
import type { LockKind } from './lock-rules.js';
import { ObservedLock } from './observed-lock.js';
import type { LockContext } from './read-write-lock-machine.js';
import { WaitingLine } from './waiting-line.js';

/** What lies in the future of a reader who is counted as a holder, and about to be told. */
const GRANTED = 'granted';

/**
 * Who holds a read-write lock and who waits for it. Runs the rules that the machine imports; the machine itself
 * while a runtime's observers watch.
 */
export class LockQueue implements Lessor, DiscardListener {
  readonly #holders = { writing: false, readers: 0 };
  /** The kind of each is what its future holds. */
  readonly #waiting = new WaitingLine<Lease>();
  #disposed = false;
  #observed: ObservedLock | undefined;

  constructor(
    private readonly name: string,
    private readonly runtime: Runtime | undefined,
  ) {}

  /** A lease, at once or when it is its turn. */
  request(kind: LockKind): Future<Lease> {
    if (this.#disposed) return Future.failed(this.#disposedError(kind));
    const observed = this.#watched();
    if (observed) {
      const told = observed.request(kind);
      if (this.#asToldBy(told) === 1) return Future.ready(new HeldLease(this, kind));
      const future = this.#waiting.join(kind, this);
      observed.number(future);
      return future;
    }
    if (this.#waiting.size > 0 || !admits(this.#holders, kind)) return this.#waiting.join(kind, this);
    this.#enter(kind);
    return Future.ready(new HeldLease(this, kind));
  }

  giveBack(kind: LockKind): void {
    if (kind === 'write') this.#holders.writing = false;
    else this.#holders.readers -= 1;
    const observed = this.#watched();
    this.#letIn(observed ? this.#asToldBy(observed.unlock(kind)) : this.#countIn());
  }

  discardRequested(future: FutureCore<unknown>): void {
    if (future.value === GRANTED) {
      // Discarded by the callback of another that was let in with it: it gives its share back unused.
      settle(future, DISCARDED, undefined);
      this.giveBack('read');
      return;
    }
    const told = this.#watched(future)?.forget(future);
    this.#waiting.leave();
    const group = told ? this.#asToldBy(told) : this.#countIn();
    settle(future, DISCARDED, undefined);
    this.#letIn(group);
  }

  /** Fails who waits, and whoever comes later. */
  dispose(): void {
    this.#disposed = true;
    this.#observed = undefined;
    for (let future = this.#waiting.shift(); future; future = this.#waiting.shift()) {
      settle(future, FAILED, this.#disposedError(future.value as LockKind));
    }
  }

  /** Counts those at the head of the queue as holders who may be; answers how many. */
  #countIn(): number {
    let group = 0;
    let future = this.#waiting.first;
    while (future && admits(this.#holders, future.value as LockKind)) {
      this.#enter(future.value as LockKind);
      group += 1;
      future = this.#waiting.after(future);
    }
    return group;
  }

  #enter(kind: LockKind): void {
    if (kind === 'write') this.#holders.writing = true;
    else this.#holders.readers += 1;
  }

  /**
   * Grants to the first `group` waiters. The counters are final by now: a callback may release or ask again.
   */
  #letIn(group: number): void {
    if (group === 0) return;
    const first = this.#waiting.shift()!;
    const kind = first.value as LockKind;
    if (group === 1) return void settle(first, READY, new HeldLease(this, kind));

    // Several are readers. All leave the queue before the first is told, and may be discarded until they are.
    const readers = [first];
    while (readers.length < group) readers.push(this.#waiting.shift()!);
    for (const reader of readers) reader.value = GRANTED;
    for (const reader of readers) {
      if ((reader.bits & STATE) === PENDING) settle(reader, READY, new HeldLease(this, 'read'));
    }
  }

  /** The machine, if it is to decide. `leaving` waits no more, but the machine is yet to hear of that. */
  #watched(leaving?: FutureCore<unknown>): ObservedLock | undefined {
    const runtime = current.runtime ?? this.runtime;
    if (!runtime?.observation.hasObservers || this.#disposed) return (this.#observed = undefined);
    if (this.#observed?.runtime !== runtime) {
      const waiting = leaving ? [...this.#waiting, leaving] : this.#waiting;
      this.#observed = new ObservedLock(runtime, this.name, this.#holders, waiting);
    }
    return this.#observed;
  }

  /** Takes over what the machine decided; answers how many it let in. */
  #asToldBy({ readers, writing, granted }: LockContext): number {
    this.#holders.readers = readers;
    this.#holders.writing = writing;
    return granted.length;
  }

  #disposedError(kind: LockKind): DisposedError {
    return new DisposedError(`Cannot take a ${kind} lease: ${this.name} was disposed`);
  }
}
