import { Observable } from 'rxjs/internal/Observable';
import { take } from 'rxjs/internal/operators/take';
import { toError } from '../errors.js';
import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import { addDiscardHook } from './discard-request.js';
import { DISCARDED, FAILED, READY } from './future-core.js';
import type { FutureCore } from './future-core.js';
import { abandon, followPromise, settle } from './settlement.js';

/** Options of `Future.from`. */
export interface ExternalOptions {
  /** Who counts the promise as outstanding, when no handler is running. */
  readonly runtime?: Runtime;
  /** How the completion is called where its turn is chosen and traced. Default `promise` or `observable`. */
  readonly label?: string;
}

/**
 * Completes `future` with what happens outside: the one place where native promises and observables enter.
 */
export function adoptExternal(
  future: FutureCore<unknown>,
  source: PromiseLike<unknown> | Observable<unknown>,
  options: ExternalOptions = {},
): void {
  if (source instanceof Observable) adoptObservable(future, source);
  else followPromise(future, source, current.runtime ?? options.runtime, options.label);
}

function adoptObservable(future: FutureCore<unknown>, source: Observable<unknown>): void {
  const subscription = source.pipe(take(1)).subscribe({
    next: (value) => void settle(future, READY, value),
    error: (error: unknown) => void settle(future, FAILED, toError(error)),
    complete: () => void abandon(future),
  });
  if (subscription.closed) return;
  addDiscardHook(future, () => {
    subscription.unsubscribe();
    settle(future, DISCARDED, undefined);
  });
}
