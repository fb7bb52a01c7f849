import { toError } from '../errors.js';
import type { FailureLog } from '../future/unobserved.js';
import type { Cell } from './cell.js';
import type { FilteredEvent } from './runtime-options.js';
import type { Observer, TraceRecord } from './trace-record.js';

/** Drops an event that is about to be served by answering true. */
export type Filter = (event: FilteredEvent) => boolean;

/** Who watches a runtime. While nobody does, events cost nothing more than a look at `isWatched`. */
export class Observation {
  /** Whether anybody wants to hear of every event. */
  isWatched = false;
  readonly #observers = new Set<Observer>();
  readonly #filters = new Set<Filter>();

  constructor(private readonly failures: FailureLog) {}

  get hasObservers(): boolean {
    return this.#observers.size > 0;
  }

  attach(observer: Observer): () => void {
    this.#observers.add(observer);
    this.#update();
    return () => this.detach(observer);
  }

  detach(observer: Observer): void {
    this.#observers.delete(observer);
    this.#update();
  }

  /** Consults `filter` before every event but terminations. */
  addFilter(filter: Filter): () => void {
    this.#filters.add(filter);
    this.#update();
    return () => {
      this.#filters.delete(filter);
      this.#update();
    };
  }

  /**
   * The newest filter first, and the first that wants the event gone decides, as upstream's interceptors do.
   */
  isFiltered(cell: Cell, what: unknown, args: unknown): boolean {
    return [...this.#filters].toReversed().some((filter) => filter({ pid: cell.pid, what, args }));
  }

  /** Tells the observers, if there are any; the record is made only then. */
  tell(record: () => TraceRecord): void {
    if (this.#observers.size === 0) return;
    const made = record();
    for (const observer of this.#observers) {
      try {
        observer.record(made);
      } catch (error) {
        // Not to the observers again: one that throws would throw at that too.
        this.failures.addCallbackError(toError(error));
      }
    }
  }

  #update(): void {
    this.isWatched = this.#observers.size > 0 || this.#filters.size > 0;
  }
}
