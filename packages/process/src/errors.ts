/**
 * Whether an error is the world's answer rather than a bug: it carries a string `code`.
 *
 * A coded error fails the request it was thrown in and nothing else; any other throw ends the process.
 */
export function isCoded(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string';
}

/** What was thrown, as an Error: other values become the `cause` of one. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`A value was thrown: ${String(thrown)}`, { cause: thrown });
}

/** What awaiting or subscribing to a DISCARDED future raises: its producer gave up on request. */
export class DiscardedError extends Error {
  override readonly name = 'DiscardedError';
  readonly code = 'DISCARDED';
  constructor(message = 'The future was discarded', options?: ErrorOptions) {
    super(message, options);
  }
}

/** What awaiting or subscribing to an abandoned future raises: nobody is left who could complete it. */
export class AbandonedError extends Error {
  override readonly name = 'AbandonedError';
  readonly code = 'ABANDONED';
  constructor(message = 'The future was abandoned: nobody is left to complete it', options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * What the waiters of a lock, sequence, limiter or queue get when it is disposed, and who uses it afterwards.
 */
export class DisposedError extends Error {
  override readonly name = 'DisposedError';
  readonly code = 'DISPOSED';
}

/** Stable codes of {@link RuntimeError}. */
export type RuntimeErrorCode =
  | 'DUPLICATE_ID'
  | 'ALREADY_SPAWNED'
  | 'FINALIZING'
  | 'RESERVED_NAME'
  | 'MAILBOX_FULL'
  | 'EXTERNAL_PENDING'
  | 'NOT_SETTLEABLE'
  | 'NO_EXECUTOR'
  | 'NO_SUCH_METHOD';

/** Why the runtime refused. Codes are stable; each has a row in `docs/errors.md`. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  constructor(
    readonly code: RuntimeErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
