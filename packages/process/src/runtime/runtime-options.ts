import type { Clock } from '../time/clock.js';
import type { Dispatcher } from './dispatcher.js';
import type { Executor } from './executor.js';
import type { Pid } from './pid.js';
import type { Random } from './random.js';
import type { Supervision } from './supervision.js';
import type { Observer } from './trace-record.js';

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
