import { futureOf } from '../future/as-future.js';
import { Deferred } from '../future/deferred.js';
import type { Answer, Future } from '../future/future.js';

/**
 * Work that is done by whoever comes first, and whose outcome all share. libprocess `Once` blocks the others;
 * here they get the same future, through which no discard passes.
 *
 * @example
 * const ready = this.#once.run(() => this.#makeDirectories());
 */
export class Once<T> {
  #outcome: Future<T> | undefined;

  /** Whether somebody came. */
  get begun(): boolean {
    return this.#outcome !== undefined;
  }

  /** Runs `f` if this is the first call; always answers the outcome of that one. */
  run(f: () => Answer<T>): Future<T> {
    if (!this.#outcome) {
      const deferred = new Deferred<T>();
      // Known before `f` runs, so that `f` may ask again.
      this.#outcome = deferred.future;
      deferred.answer(futureOf(f));
    }
    return this.#outcome.undiscardable();
  }
}
