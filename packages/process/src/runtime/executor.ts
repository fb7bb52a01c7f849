import { RuntimeError } from '../errors.js';
import { Future } from '../future/future.js';

/** A job by name, with plain data: it may run in another thread, or in a simulation. Never a closure. */
export interface Job {
  readonly name: string;
  readonly input: unknown;
}

/** Options of {@link Executor.execute}. */
export interface ExecuteOptions {
  /** Gives the job up. A structural `AbortSignal`, so this package needs no host types. */
  readonly signal?: {
    readonly aborted: boolean;
    addEventListener(type: 'abort', listener: () => void): void;
    removeEventListener(type: 'abort', listener: () => void): void;
  };
  /** Jobs with one key run one at a time, in the order in which they came. */
  readonly serial?: string;
  /**
   * It lets all others go first, also those that come while it waits. For many small jobs that nobody waits for: they
   * may be handed to a thread several at once.
   */
  readonly background?: boolean;
}

/** Runs jobs away from the mailboxes: worker threads in production, the same thread in a simulation. */
export interface Executor {
  execute<R>(job: Job, options?: ExecuteOptions): Future<R>;
}

/** What a runtime has that was given no executor: every job fails. */
export const noExecutor: Executor = {
  execute: (job) =>
    Future.failed(new RuntimeError('NO_EXECUTOR', `Cannot run job '${job.name}': the runtime was given no executor`)),
};
