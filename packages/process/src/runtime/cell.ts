import type { Future } from '../future/future.js';
import type { Mailbox } from './mailbox.js';
import type { MessageEvent } from './events.js';
import type { AnyProcess } from './process.js';
import type { Pid } from './pid.js';
import { pidFor } from './pid.js';
import type { Runtime } from './runtime.js';
import type { RestartHistory } from './supervision.js';

/** Bits of a cell. A process is BOTTOM (none), then INITIALIZED, then GONE. */
export const INITIALIZED = 1;
/** In the run queue, or its handler is running. */
export const QUEUED = 2;
/** A termination was injected: what lies before it in the mailbox is dropped. */
export const PURGE = 4;
export const GONE = 8;

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
  /** The message being served, for `reply`. */
  message: MessageEvent | undefined;
}

/**
 * What the runtime keeps about one process. Apart from the process itself because every subclass has a shape of its own,
 * and the run loop wants to meet only one. Small, because there may be a million; what is rare is in `ties`.
 */
export class Cell {
  bits = 0;
  number = 0;
  runtime: Runtime | undefined = undefined;
  mailbox: Mailbox | undefined = undefined;
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

  tied(): Ties {
    return (this.ties ??= new Ties());
  }
}
