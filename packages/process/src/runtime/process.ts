import { Cell } from './cell.js';
import { MessageEvent } from './events.js';
import { link } from './links.js';
import type { PID } from './pid-type.js';
import { BASE_MARK, Pid } from './pid.js';

/** Any process at all. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyProcess = Process<any>;

/**
 * An actor: state that answers requests one at a time, from a mailbox. Mirrors libprocess `Process`.
 *
 * Public methods are the requests others make through its {@link PID}; `#private` ones are its continuations,
 * reached by `defer`. Names beginning with `_` are no requests. A handler never blocks and never awaits: it
 * answers a value or a Future. A coded error (one with a string `code`) fails that request; anything else
 * that is thrown is a bug, fails the request and ends the process, and whoever linked to it is told.
 *
 * @example
 * class Counter extends Process<Counter> {
 *   #count = 0;
 *   increment(by: number): number {
 *     return (this.#count += by);
 *   }
 * }
 * const counter = new Runtime().spawn(new Counter('counter'));
 * await counter.increment(2); // 2
 */
export abstract class Process<Self> {
  readonly #cell: Cell;

  /** @param id  what its id begins with: `'store'` becomes `store(1)`; left out, ids are `(1)`, `(2)`, … */
  constructor(id = '') {
    this.#cell = new Cell(this, id);
  }

  static {
    Object.defineProperty(Process.prototype, BASE_MARK, { value: true });
  }

  /** @internal What the runtime keeps about a process. */
  static cellOf(process: AnyProcess): Cell {
    return process.#cell;
  }

  /** Its address. Valid in the constructor; the number in its id is known from spawn on. */
  get self(): PID<Self> {
    return this.#cell.pid as unknown as PID<Self>;
  }

  /** Runs once, in the process, before its first event. */
  protected initialize(): void {}

  /** Runs once, in the process, as its last act. Requests it makes of itself here are abandoned. */
  protected finalize(): void {}

  /**
   * Somebody it had linked to is gone: once per link. `reason` is what crashed it.
   */
  protected exited(pid: PID<unknown>, reason?: Error): void {
    void pid;
    void reason;
  }

  /**
   * Asks to be told, once, when `pid` ends; at once if it has. Linking twice is one link, one direction only.
   * A process may link to itself without effect.
   */
  protected link(pid: PID<unknown>): void {
    link(this.#cell, pid as Pid);
  }

  /** Sends a named message; whoever has installed a handler by that name gets it. */
  protected send(to: PID<unknown>, name: string, body?: unknown): void {
    const target = Pid.cellOf(to);
    target?.runtime?.submit(target, new MessageEvent(name, this.#cell.pid, body), undefined, true);
  }

  /** Handles messages of a name. Wins over `delegate`; a second handler replaces the first. */
  protected install(name: string, handler: (from: PID<unknown>, body: unknown) => void): void {
    const ties = this.#cell.tied();
    (ties.handlers ??= new Map()).set(name, handler as (from: Pid | undefined, body: unknown) => void);
  }

  /** Passes messages of a name on to `pid`, as if they had been sent there. */
  protected delegate(name: string, pid: PID<unknown>): void {
    const ties = this.#cell.tied();
    (ties.delegates ??= new Map()).set(name, pid as Pid);
  }
}
