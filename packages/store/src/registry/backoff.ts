import { HttpError } from '@keelson/os/ports';

export interface RetryPolicy {
  /** In all, the first one included. */
  readonly attempts: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, firstPauseMs: 250, longestPauseMs: 30_000 };

/** Answers worth another try: the request was fine, the moment was not. */
export function isTransientStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

export function isTransientFailure(error: Error): boolean {
  const transient = ['CONNECTION_FAILED', 'CONNECTION_RESET', 'IDLE_TIMEOUT', 'TRUNCATED'];
  return error instanceof HttpError && transient.includes(error.code);
}

/**
 * How long to wait before attempt `attempt + 1`: doubling, with full jitter so that many agents do not come
 * back in step, and never less than the server asked for, up to the cap.
 *
 * @param random from 0 to 1
 * @param retryAfter the header: seconds, or a date
 * @param nowMs milliseconds since the epoch
 */
export function pauseBefore(
  policy: RetryPolicy,
  attempt: number,
  random: number,
  retryAfter?: string,
  nowMs = 0,
): number {
  const ceiling = Math.min(policy.longestPauseMs, policy.firstPauseMs * 2 ** (attempt - 1));
  const asked = askedFor(retryAfter ?? '', nowMs);
  return Math.min(policy.longestPauseMs, Math.max(asked, Math.ceil(ceiling * (0.5 + random / 2))));
}

function askedFor(retryAfter: string, nowMs: number): number {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const date = Date.parse(retryAfter);
  return Number.isNaN(date) ? 0 : Math.max(0, date - nowMs);
}
