import { toError } from '../errors.js';
import { ASSOCIATED, DISCARDED, FAILED, FutureCore, READY, STATE } from './future-core.js';
import { Future } from './future.js';
import { abandon, complete, follow, settle } from './settlement.js';

/**
 * The producer's end of a future: libprocess's `Promise`. The first completion wins; the others answer false.
 *
 * @example
 * const deferred = new Deferred<number>();
 * deferred.future.onReady(console.log);
 * deferred.set(42);
 */
export class Deferred<T> {
  /** The consumer's end. */
  readonly future: Future<T> = Future.pending<T>();

  /** Completes it with a value, or ties it to another future (as `associate`). */
  set(value: T | Future<T>): boolean {
    if (isTaken(this.future)) return false;
    if (value instanceof FutureCore) return this.associate(value as Future<T>);
    return settle(this.future, READY, value);
  }

  /** Completes it with an error. */
  fail(error: unknown): boolean {
    return isTaken(this.future) ? false : settle(this.future, FAILED, toError(error));
  }

  /** Makes it DISCARDED. Not a request: nobody is asked, and `hasDiscard` stays as it is. */
  discard(): boolean {
    return isTaken(this.future) ? false : settle(this.future, DISCARDED, undefined);
  }

  /**
   * Ties it to `other` for good: outcome and abandonment come over, discard requests go down to `other` (one
   * made before at once). Once only; afterwards set, fail and discard answer false.
   */
  associate(other: Future<T>): boolean {
    if (isTaken(this.future)) return false;
    this.future.bits |= ASSOCIATED;
    follow(this.future, other);
    return true;
  }

  /** Says that nobody will complete it. Without effect once complete or associated. */
  abandon(): void {
    if (!isTaken(this.future)) abandon(this.future);
  }

  /** Abandons what is still open, where libprocess would drop the last reference. */
  [Symbol.dispose](): void {
    this.abandon();
  }

  /** @internal Completes it with whatever a function answered. */
  answer(result: unknown): void {
    complete(this.future, result);
  }
}

/** Whether it is complete, or tied to another that will complete it. */
function isTaken(future: FutureCore<unknown>): boolean {
  return (future.bits & (STATE | ASSOCIATED)) !== 0;
}
