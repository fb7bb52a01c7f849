/**
 * Why a job of the executor failed. What a job throws with a `code` arrives with that code, its message and
 * its own plain fields as `details`; anything else it throws is a bug in it and arrives as JOB_FAILED.
 *
 * Codes of the executor itself: UNKNOWN_JOB (no job of that name), NOT_PLAIN_DATA (the input cannot be copied
 * to another thread), WORKER_DIED (the thread ended under the job; a result that cannot be copied ends it
 * too), EXECUTOR_CLOSED.
 */
export class JobError extends Error {
  override readonly name = 'JobError';
  constructor(
    readonly code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
