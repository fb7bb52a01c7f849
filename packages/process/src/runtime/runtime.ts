import { RuntimeError, toError } from '../errors.js';
import { collect } from '../future/collect.js';
import { DISCARDED, FAILED, FutureCore, READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { abandon, settle } from '../future/settlement.js';
import { FailureLog } from '../future/unobserved.js';
import { host } from '../host.js';
import type { Clock, ClockTimer } from '../time/clock.js';
import { RealClock } from '../time/real-clock.js';
import { GONE, INITIALIZED, PURGE, QUEUED } from './cell-bits.js';
import { Cell } from './cell.js';
import { current } from './current.js';
import type { Dispatcher, OfferedItem } from './dispatcher.js';
import { EventLog } from './event-log.js';
import { ExitedEvent, TerminateEvent, labelOf } from './events.js';
import type { MessageEvent } from './events.js';
import type { Executor } from './executor.js';
import { noExecutor } from './executor.js';
import { initialize } from './lifecycle.js';
import { MailboxPool } from './mailbox.js';
import type { PID } from './pid-type.js';
import { Pid } from './pid.js';
import { Process } from './process.js';
import { ProcessTable, parseId } from './process-table.js';
import type { Random } from './random.js';
import { hostRandom } from './random.js';
import { runCell } from './run-cell.js';
import { RuntimeTimer } from './runtime-timer.js';
import type { Scheduler } from './scheduler.js';
import { ChosenScheduler } from './chosen-scheduler.js';
import { FifoScheduler } from './fifo-scheduler.js';
import { RestartHistory } from './supervision.js';
import type { FailingEvent, Supervision } from './supervision.js';
import type { DroppedRecord, Observer, TraceRecord } from './trace-record.js';
import { Birth, Offer } from './turns.js';
import type { Turn } from './turns.js';

/** What a runtime is made of; everything has a production default. */
export interface RuntimeOptions {
  readonly clock?: Clock;
  /** Chooses the order of everything; leave it out for the fast first-in-first-out path. */
  readonly dispatcher?: Dispatcher;
  readonly random?: Random;
  readonly executor?: Executor;
  readonly observers?: readonly Observer[];
  /** Most requests from outside that may wait in one mailbox. Unbounded if left out. */
  readonly mailboxLimit?: number;
  /** Defaults of every supervised process. */
  readonly supervision?: Omit<Supervision, 'create'>;
  /** Makes a throw in an on… callback an uncaught exception of the host instead of a report. */
  readonly strict?: boolean;
}

/** How a process is spawned. */
export interface SpawnOptions {
  /** The whole id, instead of the prefix and a number. */
  readonly id?: string;
  /** As in libprocess. The runtime keeps every live process anyway, so it changes nothing here. */
  readonly manage?: boolean;
  /** Makes the process anew when it crashes. */
  readonly supervise?: Supervision;
}

/** One line of `runtime.processes()`. */
export interface ProcessStatus {
  readonly id: string;
  /** libprocess's states: not initialized, with work, without work. */
  readonly state: 'bottom' | 'ready' | 'blocked';
  readonly mailboxDepth: number;
}

/** What a runtime has counted since it was made. */
export interface RuntimeCounters {
  /** Events queued so far. */
  readonly events: number;
  /** Events for processes that were gone, or that ended before they came to them. */
  readonly deadLetters: number;
  /** Requests refused because a mailbox was full. */
  readonly refused: number;
  readonly crashes: number;
  readonly restarts: number;
}

/** What interceptors look at: an event about to be served. */
export interface FilteredEvent {
  readonly pid: Pid;
  /** The method name or function of a request, or the system event. */
  readonly what: unknown;
  readonly args: unknown;
}

/**
 * The explicit world processes live in: run queue, clock, chance, ids, observers. Many may exist side by side and share
 * nothing. Mirrors what libprocess keeps in one `ProcessManager` per OS process.
 *
 * Events of one process run one at a time, in the order they were sent by each sender. The queue drains in batches of a few
 * milliseconds, then the host's I/O and timers have their turn. A runtime without work does not keep Node alive.
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
  /** @internal Whether anybody wants to hear of every event. */
  isWatched = false;

  readonly #scheduler: Scheduler;
  readonly #hasDispatcher: boolean;
  readonly #mailboxLimit: number;
  readonly #strict: boolean;
  readonly #supervision: Omit<Supervision, 'create'>;
  readonly #observers = new Set<Observer>();
  readonly #filters = new Set<(event: FilteredEvent) => boolean>();
  readonly #timers = new Set<RuntimeTimer>();
  readonly #detachClock: (() => void) | undefined;
  #lastId = 0;
  /** A caller waits for the queue to drain, and is told what is fatal. */
  #settling = false;
  #fatal: Error | undefined;
  #outstanding = 0;
  #deadLetters = 0;
  #refused = 0;
  #crashes = 0;
  #restarts = 0;
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
   * @throws RuntimeError ALREADY_SPAWNED    this object was spawned before; a process that ended cannot come back
   * @throws RuntimeError FINALIZING         the runtime is ending
   * @throws RuntimeError RESERVED_NAME      its class makes `then`, `id` or `self` a request
   */
  spawn<P extends Process<P>>(process: P, options: SpawnOptions = {}): PID<P> {
    const cell = Process.cellOf(process);
    const { supervise } = options;
    const restarts = supervise && new RestartHistory({ ...this.#supervision, ...supervise });
    this.#place(cell, options.id, restarts, undefined);
    return cell.pid as unknown as PID<P>;
  }

  /**
   * Ends a process. Injected (the default), it jumps the queue: the event being handled finishes, what waits is dropped;
   * otherwise what waits is handled first. Unknown and dead processes are ignored.
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
    const { timeoutMs } = options;
    if (!cell?.isAlive || timeoutMs === 0) return Future.ready(false);
    const waiter = Future.pending<boolean>();
    const ties = cell.tied();
    (ties.waiters ??= new Set()).add(waiter);
    waiter.onDiscard(() => void settle(waiter, DISCARDED, undefined));
    waiter.onAny(() => void ties.waiters?.delete(waiter));
    if (timeoutMs !== undefined) {
      const timer = this.timer(timeoutMs, () => void settle(waiter, READY, false), 'wait', cell.id);
      waiter.onAny(() => void timer.cancel());
    }
    return waiter;
  }

  /** The live process of that id. */
  lookup(id: string): PID<unknown> | undefined {
    const { prefix, number } = parseId(id);
    return this.table.get(prefix, number)?.pid;
  }

  /** Every live process, as the debug page of libprocess shows them. */
  processes(): ProcessStatus[] {
    return Array.from(this.table, (cell) => ({
      id: cell.id,
      state: (cell.bits & INITIALIZED) === 0 ? 'bottom' : cell.bits & QUEUED ? 'ready' : 'blocked',
      mailboxDepth: cell.mailbox?.size ?? 0,
    }));
  }

  /** What was counted so far. */
  counters(): RuntimeCounters {
    return {
      events: this.#lastId,
      deadLetters: this.#deadLetters,
      refused: this.#refused,
      crashes: this.#crashes,
      restarts: this.#restarts,
    };
  }

  /** Ends every process after what waits in its mailbox, refuses new ones, cancels timers. READY when all are gone. */
  finalize(): Future<void> {
    if (this.#finalized) return this.#finalized;
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
    if (current.runtime !== undefined) {
      throw new RuntimeError('NOT_SETTLEABLE', 'Runtime.settle was called inside a handler, which it would wait for');
    }
    if (!this.clock.paused) {
      throw new RuntimeError('NOT_SETTLEABLE', 'Runtime.settle wants a paused clock: with real time nothing is ever quiet');
    }
    this.#strictly(() => {
      do this.#scheduler.drain();
      while (this.clock.runDue?.());
    });
    if (this.#outstanding > 0) {
      throw new RuntimeError(
        'EXTERNAL_PENDING',
        `Runtime.settle: ${this.#outstanding} native promise(s) are outstanding, so this is not quiet yet`,
      );
    }
  }

  /** Runs exactly one ready item, the one the dispatcher chooses; false if there is none. For simulations. */
  step(): boolean {
    if (current.runtime !== undefined) {
      throw new RuntimeError('NOT_SETTLEABLE', 'Runtime.step was called inside a handler, which is a step itself');
    }
    return this.#strictly(() => this.#scheduler.step());
  }

  /** Enters something from outside the mailboxes into the order of events: a completion or a fault of a simulated world. */
  offer(item: OfferedItem): void {
    this.#scheduler.add(new Offer(item, this.#nextId(), this.event));
  }

  /** Runs `f` on this runtime after `ms`, as a turn of its own. `label` and `process` say in traces what it is. */
  timer(ms: number, f: () => void, label = 'timer', process?: string): ClockTimer {
    const atMs = this.clock.now() + ms;
    const cause = this.event;
    const timer: RuntimeTimer = new RuntimeTimer(atMs, f, this.clock, this.#timers, (run) =>
      this.#enter({ kind: 'timer', label, run, ...(process !== undefined && { process }) }, cause),
    );
    return timer;
  }

  /** Tells `observer` of everything from now on; answers how to stop that. */
  attach(observer: Observer): () => void {
    this.#observers.add(observer);
    this.#updateWatched();
    return () => this.detach(observer);
  }

  /** Stops telling `observer`. */
  detach(observer: Observer): void {
    this.#observers.delete(observer);
    this.#updateWatched();
  }

  /** @internal Consults `filter` before every event but terminations; what it answers true for is dropped. */
  addFilter(filter: (event: FilteredEvent) => boolean): () => void {
    this.#filters.add(filter);
    this.#updateWatched();
    return () => {
      this.#filters.delete(filter);
      this.#updateWatched();
    };
  }

  /** @internal */
  isFiltered(cell: Cell, what: unknown, args: unknown): boolean {
    let dropped = false;
    // The newest first, and the first that wants it gone decides, as upstream's interceptors do.
    for (const filter of [...this.#filters].toReversed()) {
      if (!dropped) dropped = filter({ pid: cell.pid, what, args });
    }
    return dropped;
  }

  /** @internal Tells the observers, if there are any; the record is made only then. */
  observe(record: () => TraceRecord): void {
    if (this.#observers.size === 0) return;
    const made = record();
    for (const observer of this.#observers) {
      try {
        observer.record(made);
      } catch (error) {
        // Not to the observers again: one that throws would throw at that too.
        this.failures.addCallbackError(toError(error));
      }
    }
  }

  /** @internal Whether a state machine should run as one, so that it can be watched. */
  get hasObservers(): boolean {
    return this.#observers.size > 0;
  }

  /** @internal Puts an event into a mailbox, or drops it if nobody lives there. `bounded` ones may be refused. */
  submit(cell: Cell, what: unknown, args: unknown, bounded: boolean): void {
    if (cell.bits & GONE) {
      this.drop(cell, what, this.#nextId(), this.event, 'dead');
      return;
    }
    let mailbox = cell.mailbox;
    if (mailbox === undefined) {
      cell.mailbox = mailbox = this.mailboxes.take();
    } else if (bounded && mailbox.size >= this.#mailboxLimit && current.cell !== cell) {
      this.#refuse(cell, what);
      return;
    }
    const id = (this.#lastId += 1);
    mailbox.push(what, args, id, this.event);
    if ((cell.bits & QUEUED) === 0) {
      cell.bits |= QUEUED;
      this.#scheduler.add(cell);
    }
    if (this.isWatched) this.#observeQueued(cell, what, id);
  }

  /** @internal An event that will never be served: its future is abandoned. */
  drop(cell: Cell, what: unknown, id: number, cause: number, why: DroppedRecord['why']): void {
    if (why !== 'filtered') this.#deadLetters += 1;
    this.observe(() => ({
      version: 1,
      kind: 'dropped',
      atMs: this.clock.now(),
      process: cell.id,
      id,
      cause,
      label: labelOf(what),
      why,
    }));
    if (what instanceof FutureCore) {
      what.value = undefined;
      abandon(what);
    }
  }

  /** @internal */
  link(linker: Cell, pid: Pid): void {
    const linkee = Pid.cellOf(pid);
    if (!linkee) return;
    if (!linkee.isAlive) {
      this.submit(linker, new ExitedEvent(pid, undefined), undefined, false);
      return;
    }
    const ties = linkee.tied();
    (ties.linkers ??= new Set()).add(linker);
    const own = linker.tied();
    (own.linked ??= new Set()).add(linkee);
  }

  /** @internal */
  successorOf(cell: Cell): Cell | undefined {
    return this.table.get(cell.prefix, cell.number);
  }

  /** @internal A message goes on to whom it was delegated, with its first sender. */
  forward(to: Pid, message: MessageEvent): void {
    const cell = Pid.cellOf(to);
    cell?.runtime?.submit(cell, message, undefined, false);
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

  /** @internal A process crashed: make it anew if somebody supervises it. */
  crashed(cell: Cell, reason: Error, event: FailingEvent, mailboxDepth: number): void {
    this.#crashes += 1;
    const history = cell.ties?.restarts;
    if (!history || this.#finalized) return;
    const { supervision } = history;
    const nowMs = this.clock.now();
    const restarts = history.recent(nowMs);
    const wanted = supervision.onCrash?.({ process: cell.id, reason, event, mailboxDepth, restarts }) !== false;
    const delayMs = wanted ? history.next(nowMs) : undefined;
    const givenUp = delayMs === undefined;
    const process = cell.id;
    this.observe(() => ({ version: 1, kind: 'restart', atMs: nowMs, process, restarts, delayMs: delayMs ?? 0, givenUp }));
    if (!givenUp) this.timer(delayMs, () => this.#restart(cell, history), 'restart', cell.id);
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

  #restart(cell: Cell, history: RestartHistory): void {
    if (this.#finalized || this.successorOf(cell)) return;
    this.#restarts += 1;
    this.#place(Process.cellOf(history.supervision.create()), cell.id, history, cell);
  }

  #place(cell: Cell, id: string | undefined, restarts: RestartHistory | undefined, earlier: Cell | undefined): void {
    if (this.#finalized) throw new RuntimeError('FINALIZING', `Cannot spawn '${id ?? cell.prefix}': the runtime is ending`);
    if (cell.runtime) throw new RuntimeError('ALREADY_SPAWNED', `Cannot spawn '${cell.id}': the object was spawned before`);
    const fixed = id === undefined ? undefined : parseId(id);
    if (fixed && this.table.get(fixed.prefix, fixed.number)) {
      throw new RuntimeError('DUPLICATE_ID', `Cannot spawn '${id}': a live process has that id`);
    }
    if (earlier) cell.inheritPid(earlier);
    // Before anything is changed: a class with a reserved name is refused here.
    void cell.pid;
    if (fixed) {
      cell.prefix = fixed.prefix;
      cell.number = fixed.number;
    } else {
      cell.number = this.table.nextNumber(cell.prefix);
    }
    if (restarts) cell.tied().restarts = restarts;
    cell.runtime = this;
    cell.bits = QUEUED;
    this.table.add(cell);
    const cause = this.event;
    const parent = current.cell?.id;
    this.observe(() => ({ version: 1, kind: 'spawned', atMs: this.clock.now(), process: cell.id, cause, parent }));
    this.#scheduler.add(new Birth(cell, this.#nextId(), cause));
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
    } else {
      this.#within(turn.item, turn.cause);
    }
    return 1;
  }

  /** Something from outside happens: at once in production, when its turn is chosen under a dispatcher. */
  #enter(item: OfferedItem, cause: number): void {
    if (this.#hasDispatcher) this.#scheduler.add(new Offer(item, this.#nextId(), cause));
    else this.#within(item, cause);
  }

  /** Runs something that is no handler, so that what it sends has its cause. */
  #within(item: OfferedItem, cause: number): void {
    const { runtime, cell } = current;
    const event = this.event;
    current.runtime = this;
    current.cell = undefined;
    this.event = cause;
    try {
      const { kind, label, process = '' } = item;
      this.observe(() => ({ version: 1, kind: 'turn', atMs: this.clock.now(), process, id: 0, cause, label, turn: kind }));
      item.run();
    } catch (error) {
      this.callbackFailed(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.event = event;
      current.runtime = runtime;
      current.cell = cell;
    }
  }

  #nextId(): number {
    return (this.#lastId += 1);
  }

  #refuse(cell: Cell, what: unknown): void {
    this.#refused += 1;
    const label = labelOf(what);
    const message = `${cell.id} refused '${label}': ${this.#mailboxLimit} requests are waiting`;
    const id = this.#nextId();
    const cause = this.event;
    this.observe(() => ({ version: 1, kind: 'dropped', atMs: this.clock.now(), process: cell.id, id, cause, label, why: 'full' }));
    const future = what instanceof FutureCore ? what : Future.pending();
    settle(future, FAILED, new RuntimeError('MAILBOX_FULL', message));
  }

  #updateWatched(): void {
    this.isWatched = this.#observers.size > 0 || this.#filters.size > 0;
  }

  #observeQueued(cell: Cell, what: unknown, id: number): void {
    this.observe(() => ({
      version: 1,
      kind: 'queued',
      atMs: this.clock.now(),
      process: cell.id,
      id,
      cause: this.event,
      label: labelOf(what),
      sender: current.cell?.id,
      depth: cell.mailbox?.size ?? 0,
    }));
  }
}
