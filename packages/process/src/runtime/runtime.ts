import { RuntimeError } from '../errors.js';
import { collect } from '../future/collect.js';
import { Future } from '../future/future.js';
import { FailureLog } from '../future/unobserved.js';
import { host } from '../host.js';
import type { Clock, ClockTimer } from '../time/clock.js';
import { RealClock } from '../time/real-clock.js';
import { GONE, PURGE, QUEUED } from './cell-bits.js';
import { Cell } from './cell.js';
import { ChosenScheduler } from './chosen-scheduler.js';
import { current } from './current.js';
import { drop, refuse, tellQueued } from './delivery.js';
import type { OfferedItem } from './dispatcher.js';
import { EventLog } from './event-log.js';
import { TerminateEvent } from './events.js';
import type { Executor } from './executor.js';
import { noExecutor } from './executor.js';
import { FifoScheduler } from './fifo-scheduler.js';
import { initialize } from './lifecycle.js';
import { waitFor } from './links.js';
import { MailboxPool } from './mailbox.js';
import { place } from './nursery.js';
import { Observation } from './observation.js';
import type { PID } from './pid-type.js';
import { Pid } from './pid.js';
import { Process } from './process.js';
import { ProcessTable, parseId } from './process-table.js';
import type { Random } from './random.js';
import { hostRandom } from './random.js';
import { runCell } from './run-cell.js';
import { runTurn } from './run-turn.js';
import type { ProcessStatus, RuntimeCounters, RuntimeOptions, SpawnOptions } from './runtime-options.js';
import { RuntimeTimer } from './runtime-timer.js';
import type { Scheduler } from './scheduler.js';
import { RestartHistory } from './supervision.js';
import type { Supervision } from './supervision.js';
import type { ObserveOptions, Observer, TraceRecord } from './trace-record.js';
import { Birth, Offer } from './turns.js';
import type { Turn } from './turns.js';

/**
 * The explicit world processes live in: run queue, clock, chance, ids, observers. Many may exist side by side
 * and share nothing. Mirrors what libprocess keeps in one `ProcessManager` per OS process.
 *
 * Events of one process run one at a time, in the order they were sent by each sender. The queue drains in
 * batches of a few milliseconds, then the host's I/O and timers have their turn. A runtime without work does
 * not keep Node alive.
 *
 * @example
 * const runtime = new Runtime();
 * const counter = runtime.spawn(new Counter());
 * await counter.increment(1);
 * await runtime.finalize();
 */
export class Runtime {
  readonly clock: Clock;
  readonly random: Random;
  readonly executor: Executor;
  /** Failures nobody looked at, and callbacks that threw. */
  readonly failures = new FailureLog();

  /** @internal */
  readonly table = new ProcessTable();
  /** @internal */
  readonly log = new EventLog();
  /** @internal */
  readonly mailboxes = new MailboxPool();
  /** @internal The event being served, 0 between events. */
  event = 0;
  /** @internal */
  readonly observation = new Observation(this.failures);
  /** @internal */
  readonly counted = { deadLetters: 0, refused: 0, crashes: 0, restarts: 0 };

  readonly #scheduler: Scheduler;
  readonly #hasDispatcher: boolean;
  readonly #mailboxLimit: number;
  readonly #strict: boolean;
  readonly #supervision: Omit<Supervision, 'create'>;
  readonly #timers = new Set<RuntimeTimer>();
  readonly #detachClock: (() => void) | undefined;
  #lastId = 0;
  /** A caller waits for the queue to drain, and is told what is fatal. */
  #settling = false;
  #fatal: Error | undefined;
  #outstanding = 0;
  #finalized: Future<void> | undefined;

  constructor(options: RuntimeOptions = {}) {
    this.clock = options.clock ?? new RealClock();
    this.random = options.random ?? hostRandom;
    this.executor = options.executor ?? noExecutor;
    this.#mailboxLimit = options.mailboxLimit ?? Infinity;
    this.#strict = options.strict ?? false;
    this.#supervision = options.supervision ?? {};
    this.#hasDispatcher = options.dispatcher !== undefined;
    const { dispatcher } = options;
    this.#scheduler = dispatcher ? new ChosenScheduler(this, dispatcher) : new FifoScheduler(this);
    this.#detachClock = this.clock.attach?.(() => {
      if (current.runtime === undefined) this.#strictly(() => this.#scheduler.drain());
    });
    for (const observer of options.observers ?? []) this.attach(observer);
  }

  /**
   * Gives a process its id and its place, and queues its `initialize`.
   *
   * @throws RuntimeError DUPLICATE_ID       a live process has that id
   * @throws RuntimeError ALREADY_SPAWNED    this object was spawned before; a process that ended cannot come
   *     back
   * @throws RuntimeError FINALIZING         the runtime is ending
   * @throws RuntimeError RESERVED_NAME      its class makes `then`, `id` or `self` a request
   */
  spawn<P extends Process<P>>(process: P, options: SpawnOptions = {}): PID<P> {
    const cell = Process.cellOf(process);
    const { supervise: by } = options;
    const restarts = by && new RestartHistory({ ...this.#supervision, ...by });
    place(this, cell, { id: options.id, restarts, earlier: undefined });
    return cell.pid as unknown as PID<P>;
  }

  /**
   * Ends a process. Injected (the default), it jumps the queue: the event being handled finishes, what waits
   * is dropped; otherwise what waits is handled first. Unknown and dead processes are ignored.
   */
  terminate(pid: PID<unknown>, options: { readonly inject?: boolean } = {}): void {
    const cell = Pid.cellOf(pid);
    if (!cell?.isAlive) return;
    cell.runtime!.submit(cell, new TerminateEvent(current.cell), undefined, false);
    if (options.inject ?? true) cell.bits |= PURGE;
  }

  /** READY with true once a live process is gone, with false if there is none or `timeoutMs` passed first. */
  wait(pid: PID<unknown>, options: { readonly timeoutMs?: number } = {}): Future<boolean> {
    const cell = Pid.cellOf(pid);
    if (!cell?.isAlive || options.timeoutMs === 0) return Future.ready(false);
    return waitFor(this, cell, options.timeoutMs);
  }

  /** The live process of that id. */
  lookup(id: string): PID<unknown> | undefined {
    const { prefix, number } = parseId(id);
    return this.table.get(prefix, number)?.pid;
  }

  /** Every live process, as the debug page of libprocess shows them. */
  processes(): ProcessStatus[] {
    return Array.from(this.table, (cell) => cell.status);
  }

  /** What was counted so far. */
  counters(): RuntimeCounters {
    return { events: this.#lastId, ...this.counted };
  }

  /** Ends every process after what waits in its mailbox, refuses new ones, cancels timers; READY after that. */
  finalize(): Future<void> {
    if (this.#finalized) return this.#finalized.undiscardable();
    const ends: Future<boolean>[] = [];
    for (const cell of this.table) {
      const pid = cell.pid as unknown as PID<unknown>;
      this.terminate(pid, { inject: false });
      ends.push(this.wait(pid));
    }
    this.#finalized = collect(ends).then(() => {
      for (const timer of this.#timers) timer.cancel();
      this.#detachClock?.();
    });
    return this.#finalized.undiscardable();
  }

  /**
   * Runs everything that can run now, and what that makes runnable, before it returns. Time does not move.
   *
   * @throws RuntimeError NOT_SETTLEABLE      inside a handler, or the clock is not paused
   * @throws RuntimeError EXTERNAL_PENDING    a native promise this runtime was told of has not settled
   */
  settle(): void {
    refuseInHandler('settle');
    if (!this.clock.paused) {
      throw new RuntimeError('NOT_SETTLEABLE', 'Runtime.settle wants a paused clock: else nothing is ever quiet');
    }
    this.#strictly(() => {
      do this.#scheduler.drain();
      while (this.clock.runDue?.());
    });
    if (this.#outstanding > 0) {
      throw new RuntimeError('EXTERNAL_PENDING', `${this.#outstanding} native promise(s) are outstanding`);
    }
  }

  /** Runs exactly one ready item, the one the dispatcher chooses; false if there is none. For simulations. */
  step(): boolean {
    refuseInHandler('step');
    return this.#strictly(() => this.#scheduler.step());
  }

  /**
   * Enters something from outside the mailboxes into the order of events: a completion or a fault of a
   * simulated world.
   */
  offer(item: OfferedItem): void {
    this.#scheduler.add(new Offer(item, this.nextId(), this.event));
  }

  /**
   * Runs `f` on this runtime after `ms`, as a turn of its own. `label` and `process` say in traces what it
   * is.
   */
  timer(ms: number, f: () => void, label = 'timer', process?: string): ClockTimer {
    const atMs = this.clock.now() + ms;
    const cause = this.event;
    const item = { kind: 'timer', label, ...(process !== undefined && { process }) } as const;
    return new RuntimeTimer(atMs, f, this.clock, this.#timers, (run) => this.#enter({ ...item, run }, cause));
  }

  /** Tells `observer` of everything from now on, or of what its newest options say; answers how to stop. */
  attach(observer: Observer, options: ObserveOptions = {}): () => void {
    return this.observation.attach(observer, options);
  }

  /** Stops telling `observer`. */
  detach(observer: Observer): void {
    this.observation.detach(observer);
  }

  /** @internal */
  observe(record: () => TraceRecord): void {
    this.observation.tell(record);
  }

  /** @internal */
  get isFinalizing(): boolean {
    return this.#finalized !== undefined;
  }

  /** @internal */
  queueBirth(cell: Cell): void {
    this.#scheduler.add(new Birth(cell, this.nextId(), this.event));
  }

  /**
   * @internal Puts an event into a mailbox, or drops it if nobody lives there. `bounded` ones may be refused.
   */
  submit(cell: Cell, what: unknown, args: unknown, bounded: boolean): void {
    if (cell.bits & GONE) {
      drop(this, cell, what, this.nextId(), this.event, 'dead');
      return;
    }
    let mailbox = cell.mailbox;
    if (mailbox === undefined) {
      cell.mailbox = mailbox = this.mailboxes.take();
    } else if (bounded && mailbox.size >= this.#mailboxLimit && current.cell !== cell) {
      refuse(this, cell, what, this.#mailboxLimit);
      return;
    }
    const id = (this.#lastId += 1);
    mailbox.push(what, args, id, this.event);
    if ((cell.bits & QUEUED) === 0) {
      cell.bits |= QUEUED;
      this.#scheduler.add(cell);
    }
    if (this.observation.isWatched) tellQueued(this, cell, what, id);
  }

  /** @internal */
  successorOf(cell: Cell): Cell | undefined {
    return this.table.get(cell.prefix, cell.number);
  }

  /** @internal */
  callbackFailed(error: Error): void {
    this.failures.addCallbackError(error);
    const process = current.cell?.id ?? '';
    this.observe(() => ({ version: 1, kind: 'callback-failed', atMs: this.clock.now(), process, error }));
    if (!this.#strict) return;
    this.#fatal ??= error;
    if (this.#settling) return;
    host.setTimeout(() => {
      throw error;
    }, 0);
  }

  /** @internal Counts a native promise as outstanding; answers how its completion enters. */
  external(label: string): (run: () => void) => void {
    this.#outstanding += 1;
    const cause = this.event;
    return (run) => {
      this.#outstanding -= 1;
      this.#enter({ kind: 'completion', label, run }, cause);
    };
  }

  /** Runs a part of the queue for a caller, who gets what is fatal in strict mode thrown. */
  #strictly<R>(run: () => R): R {
    const outer = this.#settling;
    this.#settling = true;
    let result: R;
    try {
      result = run();
    } finally {
      this.#settling = outer;
    }
    const fatal = this.#fatal;
    this.#fatal = undefined;
    if (fatal) throw fatal;
    return result;
  }

  /** @internal From here to `end` handlers of this runtime run. */
  begin(): void {
    current.runtime = this;
  }

  /** @internal */
  end(): void {
    current.runtime = undefined;
    current.cell = undefined;
    this.event = 0;
  }

  /** @internal Serves at most `limit` events of a turn; answers how many. */
  serve(turn: Turn, limit: number): number {
    if (turn instanceof Cell) return runCell(this, turn, limit);
    if (turn instanceof Birth) {
      initialize(this, turn);
      if (turn.cell.isOver) turn.cell.leaveQueue(this.mailboxes);
      else this.#scheduler.add(turn.cell);
    } else runTurn(this, turn.item, turn.cause);
    return 1;
  }

  /** Something from outside happens: at once in production, when its turn is chosen under a dispatcher. */
  #enter(item: OfferedItem, cause: number): void {
    if (this.#hasDispatcher) this.#scheduler.add(new Offer(item, this.nextId(), cause));
    else runTurn(this, item, cause);
  }

  /** @internal */
  nextId(): number {
    return (this.#lastId += 1);
  }
}

function refuseInHandler(what: string): void {
  if (current.runtime === undefined) return;
  throw new RuntimeError('NOT_SETTLEABLE', `Runtime.${what} was called inside a handler, which must end first`);
}
