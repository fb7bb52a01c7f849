import type { AnyProcess } from './process.js';

/** The event whose handling crashed a process, kept for whoever decides what to do. */
export interface FailingEvent {
  readonly id: number;
  readonly cause: number;
  readonly label: string;
  readonly arguments: readonly unknown[];
}

/** What a supervisor is told of a crash. */
export interface Crash {
  /** Id of the process. */
  readonly process: string;
  readonly reason: Error;
  readonly event: FailingEvent;
  /** Requests that were queued behind it, and are abandoned. */
  readonly mailboxDepth: number;
  /** Restarts so far within the window. */
  readonly restarts: number;
}

/**
 * Makes a process anew when it crashes. Its PIDs go on working: they reach the new one, which has the same
 * id. Requests in between are abandoned, as those to any dead process.
 */
export interface Supervision {
  /** A fresh object; a process that ended can never be spawned again. */
  readonly create: () => AnyProcess;
  /** Wait before the first restart; doubles with each within the window. Default 100. */
  readonly minDelayMs?: number;
  /** Longest wait. Default 30,000. */
  readonly maxDelayMs?: number;
  /** Restarts allowed within the window; one more and the process stays dead. Default 5. */
  readonly maxRestarts?: number;
  /** Restarts older than this are forgotten. Default 60,000. */
  readonly windowMs?: number;
  /** Told of every crash; answering `false` gives the process up. */
  readonly onCrash?: (crash: Crash) => boolean | void;
}

/** The restarts of one supervised id, over all its incarnations. */
export class RestartHistory {
  #times: number[] = [];

  constructor(readonly supervision: Supervision) {}

  /** Restarts within the window. */
  recent(nowMs: number): number {
    const { windowMs = 60_000 } = this.supervision;
    this.#times = this.#times.filter((time) => time > nowMs - windowMs);
    return this.#times.length;
  }

  /** How long to wait before the next restart, or undefined when the limit is reached. Counts it. */
  next(nowMs: number): number | undefined {
    const { minDelayMs = 100, maxDelayMs = 30_000, maxRestarts = 5 } = this.supervision;
    const restarts = this.recent(nowMs);
    if (restarts >= maxRestarts) return undefined;
    this.#times.push(nowMs);
    return Math.min(maxDelayMs, minDelayMs * 2 ** restarts);
  }
}
