import { DisposedError } from '../errors.js';
import { DISCARDED, FAILED, PENDING, READY, STATE } from '../future/future-core.js';
import type { DiscardListener, FutureCore } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';
import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import { HeldLease } from './lease.js';
import type { Lease, Lessor, Ticket } from './lease.js';
import { admits } from './lock-rules.js';
import type { LockKind } from './lock-rules.js';
import { ObservedLock } from './observed-lock.js';
import type { LockEvent } from './read-write-lock-machine.js';
import { WaitingLine } from './waiting-line.js';

/**
 * Who holds a read-write lock and who waits for it. Runs the rules that the machine imports; the machine itself
 * while a runtime's observers watch.
 */
export class LockQueue implements Lessor, DiscardListener {
  readonly #holders = { writing: false, readers: 0 };
  /** The future of each holds its ticket, and its lease once it is about to be told. */
  readonly #waiting = new WaitingLine<Lease>();
  #lastId = 0;
  #disposed = false;
  #observed: ObservedLock | undefined;

  constructor(
    private readonly name: string,
    private readonly runtime: Runtime | undefined,
  ) {}

  /** A lease, at once or when it is its turn. */
  request(kind: LockKind): Future<Lease> {
    if (this.#disposed) return Future.failed(this.#disposedError(kind));
    const id = (this.#lastId += 1);
    const ticket = kind === 'read' ? id : -id;
    const observed = this.#watched();
    const enters = observed ? this.#tell(observed, { type: kind, id }, id) === 1 : this.#entersAtOnce(kind);
    return enters ? Future.ready(new HeldLease(this, ticket)) : this.#waiting.join(ticket, this);
  }

  giveBack(ticket: Ticket): void {
    const kind = kindOf(ticket);
    // First: a machine that is made only now must still know who gives back.
    const observed = this.#watched();
    if (kind === 'write') this.#holders.writing = false;
    else this.#holders.readers -= 1;
    const type = kind === 'read' ? 'readUnlock' : 'writeUnlock';
    this.#letIn(observed ? this.#tell(observed, { type }, Math.abs(ticket)) : this.#countIn());
  }

  discardRequested(future: FutureCore<unknown>): void {
    const { value } = future;
    if (value instanceof HeldLease) {
      // Discarded by the callback of another that was let in with it: it gives its share back unused.
      settle(future, DISCARDED, undefined);
      value.release();
      return;
    }
    const observed = this.#watched(future);
    this.#waiting.leave();
    const id = Math.abs(value as Ticket);
    const group = observed ? this.#tell(observed, { type: 'forget', id }, id) : this.#countIn();
    settle(future, DISCARDED, undefined);
    this.#letIn(group);
  }

  /** Fails who waits, and whoever comes later. */
  dispose(): void {
    this.#disposed = true;
    this.#observed = undefined;
    for (let future = this.#waiting.shift(); future; future = this.#waiting.shift()) {
      settle(future, FAILED, this.#disposedError(kindOf(future.value as Ticket)));
    }
  }

  #entersAtOnce(kind: LockKind): boolean {
    if (this.#waiting.size > 0 || !admits(this.#holders, kind)) return false;
    this.#enter(kind);
    return true;
  }

  /** Counts those at the head of the queue as holders who may be; answers how many. */
  #countIn(): number {
    let group = 0;
    for (let future = this.#waiting.first; future; future = this.#waiting.after(future)) {
      const kind = kindOf(future.value as Ticket);
      if (!admits(this.#holders, kind)) break;
      this.#enter(kind);
      group += 1;
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
    if (group === 1) return void settle(first, READY, this.#leaseOf(first));

    // All leave the queue before the first is told, and may be discarded until they are told themselves.
    const readers = [first];
    while (readers.length < group) readers.push(this.#waiting.shift()!);
    for (const reader of readers) reader.value = this.#leaseOf(reader);
    for (const reader of readers) if ((reader.bits & STATE) === PENDING) settle(reader, READY, reader.value);
  }

  #leaseOf(future: FutureCore<unknown>): HeldLease {
    return new HeldLease(this, future.value as Ticket);
  }

  /** The machine, if it is to decide. `leaving` waits no more, but the machine is yet to hear of that. */
  #watched(leaving?: FutureCore<unknown>): ObservedLock | undefined {
    const runtime = current.runtime ?? this.runtime;
    if (!runtime?.observation.hasObservers || this.#disposed) return (this.#observed = undefined);
    if (this.#observed?.runtime !== runtime) {
      const waiting = leaving ? [...this.#waiting, leaving] : [...this.#waiting];
      const queue = waiting.map(({ value }) => ({ id: Math.abs(value as Ticket), kind: kindOf(value as Ticket) }));
      this.#observed = new ObservedLock(runtime, this.name, { ...this.#holders, queue, granted: [] });
    }
    return this.#observed;
  }

  /** The machine decides and its observers see it. Answers how many it lets in. */
  #tell(observed: ObservedLock, event: LockEvent, lease: number): number {
    const { readers, writing, granted } = observed.send(event, lease);
    this.#holders.readers = readers;
    this.#holders.writing = writing;
    return granted.length;
  }

  #disposedError(kind: LockKind): DisposedError {
    return new DisposedError(`Cannot take a ${kind} lease: ${this.name} was disposed`);
  }
}

function kindOf(ticket: Ticket): LockKind {
  return ticket > 0 ? 'read' : 'write';
}
