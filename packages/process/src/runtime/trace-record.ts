/** Version of {@link TraceRecord}; a reader refuses what it does not know. */
export const TRACE_VERSION = 1;

interface Traced<K extends string> {
  readonly version: typeof TRACE_VERSION;
  readonly kind: K;
  /** Milliseconds on the clock of the runtime. */
  readonly atMs: number;
  /** The process concerned, by id. */
  readonly process: string;
}

/** An event of a mailbox; `id` and `cause` link it to the one it was sent in (0: from outside). */
interface TracedMessage<K extends string> extends Traced<K> {
  readonly id: number;
  readonly cause: number;
  readonly label: string;
}

/** A process took its place in the table. `parent` is the process whose handler spawned it. */
export type SpawnedRecord = Traced<'spawned'> & { readonly cause: number; readonly parent: string | undefined };
/** A process asked to be told when the process `to` ends. */
export type LinkedRecord = Traced<'linked'> & { readonly to: string };
/** An event entered a mailbox. */
export type QueuedRecord = TracedMessage<'queued'> & { readonly sender: string | undefined; readonly depth: number };
/** A handler begins. `arguments` are the values themselves, not copies: read them at once. */
export type BegunRecord = TracedMessage<'begun'> & { readonly arguments: readonly unknown[] };
/** A handler returned or threw. */
export type EndedRecord = TracedMessage<'ended'> & {
  readonly outcome: 'ready' | 'pending' | 'failed' | 'discarded' | 'crashed';
  readonly error?: Error;
};
/** What a handler answered as pending has an outcome now; after the `ended` of the same id. */
export type SettledRecord = TracedMessage<'settled'> & {
  readonly outcome: 'ready' | 'failed' | 'discarded' | 'abandoned';
  readonly error?: Error;
};
/** An event will never be handled. */
export type DroppedRecord = TracedMessage<'dropped'> & { readonly why: 'dead' | 'terminated' | 'full' | 'filtered' };
/** A process is gone. `reason` is what crashed it. */
export type ExitedRecord = Traced<'exited'> & { readonly reason: Error | undefined };
/** A supervised process will be made anew after a crash, or is given up. */
export type RestartRecord = Traced<'restart'> & {
  readonly restarts: number;
  readonly delayMs: number;
  readonly givenUp: boolean;
};
/** An on… callback threw; `process` is whose handler was running, or empty. */
export type CallbackFailedRecord = Traced<'callback-failed'> & { readonly error: Error };
/**
 * A state machine beside the processes took a step. `process` is its own name, `machine` the id of its
 * definition.
 */
export type MachineRecord = Traced<'machine'> & {
  readonly machine: string;
  readonly event: string;
  /** The event of a mailbox in which it happened, 0 for none. */
  readonly cause: number;
  readonly state: string;
  readonly context: Readonly<Record<string, unknown>>;
};
/** A timer, completion or fault had its turn. `process` is whom it concerns, or empty. */
export type TurnRecord = TracedMessage<'turn'> & { readonly turn: 'timer' | 'completion' | 'fault' };

/** What observers are told, in the order in which it happens. */
export type TraceRecord =
  | SpawnedRecord
  | LinkedRecord
  | QueuedRecord
  | BegunRecord
  | EndedRecord
  | SettledRecord
  | DroppedRecord
  | ExitedRecord
  | RestartRecord
  | CallbackFailedRecord
  | MachineRecord
  | TurnRecord;

/** How much an observer wants to hear. */
export interface ObserveOptions {
  /**
   * Whether it is told of every event of every mailbox; default yes. Without, it hears of processes, machines
   * and failures alone, and events cost what they cost unwatched.
   */
  readonly events?: boolean;
}

/** Watches a runtime. Called synchronously, in the middle of things: record, and do not call back. */
export interface Observer {
  record(trace: TraceRecord): void;
}
