import { toError } from '../errors.js';
import { current } from '../runtime/current.js';
import { FAILED, OBSERVED, STATE } from './future-core.js';
import type { FutureCore } from './future-core.js';

const KEPT = 64;

/**
 * Failures nobody looked at, and callbacks that threw. A failed future that is silent is lawful, as in
 * libprocess; it is counted so that a forgotten one can be found.
 */
export class FailureLog {
  #recent: FutureCore<unknown>[] = [];
  #older = 0;
  #callbackErrors: Error[] = [];
  #callbackCount = 0;

  /** Futures that failed and have not been looked at since; the oldest are counted only. */
  get unobserved(): { readonly count: number; readonly errors: readonly Error[] } {
    this.#recent = this.#recent.filter(isSilent);
    return { count: this.#older + this.#recent.length, errors: this.#recent.map((future) => future.value as Error) };
  }

  /** What callbacks of the on… family threw. */
  get callbackErrors(): { readonly count: number; readonly errors: readonly Error[] } {
    return { count: this.#callbackCount, errors: this.#callbackErrors };
  }

  /** @internal */
  addUnobserved(future: FutureCore<unknown>): void {
    if (this.#recent.length >= KEPT) {
      this.#recent = this.#recent.filter(isSilent);
      if (this.#recent.length >= KEPT) {
        this.#recent.shift();
        this.#older += 1;
      }
    }
    this.#recent.push(future);
  }

  /** @internal */
  addCallbackError(error: Error): void {
    this.#callbackCount += 1;
    if (this.#callbackErrors.length >= KEPT) this.#callbackErrors.shift();
    this.#callbackErrors.push(error);
  }
}

function isSilent(future: FutureCore<unknown>): boolean {
  return (future.bits & (STATE | OBSERVED)) === FAILED;
}

/** Failures outside any runtime: futures that were made and failed by free-standing code. Diagnosis only. */
export const strayFailures = new FailureLog();

/** Counts a failure nobody waits for, with the runtime whose handler is running. */
export function reportUnobserved(future: FutureCore<unknown>): void {
  (current.runtime?.failures ?? strayFailures).addUnobserved(future);
}

/** Counts what an on… callback threw, and tells the observers of the runtime whose handler is running. */
export function reportCallbackError(error: Error): void {
  if (current.runtime) current.runtime.callbackFailed(error);
  else strayFailures.addCallbackError(error);
}

/** Runs a callback of the on… family: what it throws stops nobody else. */
export function guarded<A>(callback: (argument: A) => void, argument: A): void {
  try {
    callback(argument);
  } catch (error) {
    reportCallbackError(toError(error));
  }
}
