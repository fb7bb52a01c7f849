import type { Plain, PlainError, PlainObject, StateValue } from './plain.js';

/** Version of {@link InspectorRecord}; a reader refuses what it does not know. */
export const RECORD_VERSION = 1;

/** Something that happened, as plain data. `process` is the actor concerned. */
interface Told<K extends string> {
  readonly kind: K;
  /** Milliseconds on the clock of the runtime. */
  readonly atMs: number;
  readonly process: string;
  /** The step of a simulated run; only in saved traces. */
  readonly step?: number;
}

/** An event of a mailbox. `id` and `cause` make the chain of causes; 0 is the outside. */
interface Message<K extends string> extends Told<K> {
  readonly id: number;
  readonly cause: number;
  readonly label: string;
}

/** A process of a runtime took its place. */
export type Spawned = Told<'spawned'> & { readonly cause: number; readonly parent?: string };
/** A process, or a state machine, is gone. */
export type Exited = Told<'exited'> & { readonly reason?: PlainError };
/** A process asked to be told of the end of `to`. */
export type Linked = Told<'linked'> & { readonly to: string };
export type Restarted = Told<'restart'> & {
  readonly restarts: number;
  readonly delayMs: number;
  readonly givenUp: boolean;
};
export type Queued = Message<'queued'> & { readonly sender?: string; readonly depth: number };
export type Begun = Message<'begun'> & { readonly arguments: readonly Plain[] };
export type Ended = Message<'ended'> & {
  readonly outcome: 'ready' | 'pending' | 'failed' | 'discarded' | 'crashed';
  readonly error?: PlainError;
};
/** A future that was pending when its handler ended has an outcome. */
export type Settled = Message<'settled'> & {
  readonly outcome: 'ready' | 'failed' | 'discarded' | 'abandoned';
  readonly error?: PlainError;
};
export type Dropped = Message<'dropped'> & { readonly why: string };
export type Turn = Message<'turn'> & { readonly turn: string };
export type CallbackFailed = Told<'callback-failed'> & { readonly error: PlainError };

/** The chart of a state machine, told once, before the first actor that follows it. `machine` is its key. */
export type Defined = Told<'definition'> & { readonly machine: string; readonly definition: PlainObject };
/** An actor that is no process of a runtime: a state machine, a lock, a lease. */
export type ActorTold = Told<'actor'> & {
  readonly name: string;
  readonly parent?: string;
  readonly machine?: string;
  readonly state?: StateValue;
  readonly context?: Plain;
};
/** A state machine took a step. */
export type Transition = Told<'machine'> & {
  readonly machine: string;
  readonly event: string;
  readonly cause: number;
  readonly state: StateValue;
  readonly context?: Plain;
};
/** A state machine was sent something. */
export type Sent = Told<'sent'> & { readonly sender?: string; readonly label: string };
/** A job of the executor; `process` is the executor. Ids of jobs are below zero. */
export type JobTold = Told<'job'> & {
  readonly id: number;
  readonly cause: number;
  readonly label: string;
  readonly phase: 'started' | 'ready' | 'failed' | 'discarded';
  readonly elapsedMs?: number;
  readonly error?: PlainError;
};
/** How many events wait in the mailboxes in which any do, and how many the runtime has seen in all. */
export type Depths = Told<'depths'> & { readonly depths: Readonly<Record<string, number>>; readonly events: number };
/** Events that happened and were not recorded, because there were too many to record them all. */
export type Gap = Told<'gap'> & { readonly missed: number };

/** One line of what the inspector tells. */
export type InspectorRecord =
  | Spawned
  | Exited
  | Linked
  | Restarted
  | Queued
  | Begun
  | Ended
  | Settled
  | Dropped
  | Turn
  | CallbackFailed
  | Defined
  | ActorTold
  | Transition
  | Sent
  | JobTold
  | Depths
  | Gap;
