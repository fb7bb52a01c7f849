import { GONE, INITIALIZED, QUEUED } from './cell-bits.js';
import type { Future } from '../future/future.js';
import type { Mailbox, MailboxPool } from './mailbox.js';
import type { AnyProcess } from './process.js';
import type { Pid } from './pid.js';
import { pidFor } from './pid.js';
import type { ProcessStatus } from './runtime-options.js';
import type { Runtime } from './runtime.js';
import type { RestartHistory } from './supervision.js';
import type { Turn } from './turns.js';

/** What few processes need. */
export class Ties {
  /** Who is told when this one ends. */
  linkers: Set<Cell> | undefined;
  /** Whose end this one is told of. */
  linked: Set<Cell> | undefined;
  waiters: Set<Future<boolean>> | undefined;
  handlers: Map<string, (from: Pid | undefined, body: unknown) => void> | undefined;
  delegates: Map<string, Pid> | undefined;
  restarts: RestartHistory | undefined;
  /**
   * What the process deferred to last, without bound arguments: most actors defer to the same few methods all
   * the time.
   */
  continuation: { readonly what: unknown; readonly callable: (...args: unknown[]) => unknown } | undefined;
}

/**
 * What the runtime keeps about one process. Apart from the process itself because every subclass has a shape
 * of its own, and the run loop wants to meet only one. Small, because there may be a million; what is rare is
 * in `ties`.
 */
export class Cell {
  bits = 0;
  number = 0;
  runtime: Runtime | undefined = undefined;
  mailbox: Mailbox | undefined = undefined;
  /** The turn behind this one in the run queue. */
  next: Turn | undefined = undefined;
  ties: Ties | undefined = undefined;
  #pid: Pid | undefined = undefined;

  constructor(
    readonly process: AnyProcess,
    /** What the id begins with; the whole id where it is fixed and `number` is 0. */
    public prefix: string,
  ) {}

  /** Made when first asked for, and the same from then on. */
  get pid(): Pid {
    return (this.#pid ??= pidFor(this));
  }

  /** Takes over the address of an earlier incarnation. */
  inheritPid(earlier: Cell): void {
    this.#pid = earlier.pid;
    this.#pid.redirect(this);
  }

  /** `prefix(number)`, or the bare name of a process whose id was fixed. */
  get id(): string {
    return this.number === 0 ? this.prefix : `${this.prefix}(${this.number})`;
  }

  get isAlive(): boolean {
    return this.runtime !== undefined && (this.bits & GONE) === 0;
  }

  /** As `runtime.processes()` tells it. */
  get status(): ProcessStatus {
    const state = (this.bits & INITIALIZED) === 0 ? 'bottom' : this.bits & QUEUED ? 'ready' : 'blocked';
    return { id: this.id, state, mailboxDepth: this.mailbox?.size ?? 0 };
  }

  /** Whether it has nothing to do for now. */
  get isOver(): boolean {
    return this.mailbox === undefined || this.mailbox.size === 0;
  }

  /** Out of the run queue: the mailbox goes back to those who need one, unless there are plenty. */
  leaveQueue(pool: MailboxPool): void {
    const { mailbox } = this;
    this.bits &= ~QUEUED;
    if (mailbox === undefined || (pool.hasPlenty && (this.bits & GONE) === 0)) return;
    this.mailbox = undefined;
    pool.give(mailbox);
  }

  tied(): Ties {
    return (this.ties ??= new Ties());
  }
}
