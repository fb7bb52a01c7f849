import { toError } from '../errors.js';
import type { FailureLog } from '../future/unobserved.js';
import type { Cell } from './cell.js';
import type { FilteredEvent } from './runtime-options.js';
import type { ObserveOptions, Observer, TraceRecord } from './trace-record.js';

/** Drops an event that is about to be served by answering true. */
export type Filter = (event: FilteredEvent) => boolean;

/** Kinds of records of which there may be millions a second. */
const EVENTS: ReadonlySet<TraceRecord['kind']> = new Set(['queued', 'begun', 'ended', 'settled', 'dropped', 'turn']);

/** Who watches a runtime. While nobody does, events cost nothing more than a look at `isWatched`. */
export class Observation {
  /** Whether anybody wants to hear of every event. */
  isWatched = false;
  /** Each with whether it wants to hear of events too. */
  readonly #observers = new Map<Observer, boolean>();
  readonly #filters = new Set<Filter>();

  constructor(private readonly failures: FailureLog) {}

  get hasObservers(): boolean {
    return this.#observers.size > 0;
  }

  attach(observer: Observer, { events = true }: ObserveOptions): () => void {
    this.#observers.set(observer, events);
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
    const isEvent = EVENTS.has(made.kind);
    for (const [observer, wantsEvents] of this.#observers) {
      if (isEvent && !wantsEvents) continue;
      try {
        observer.record(made);
      } catch (error) {
        // Not to the observers again: one that throws would throw at that too.
        this.failures.addCallbackError(toError(error));
      }
    }
  }

  #update(): void {
    this.isWatched = this.#filters.size > 0 || [...this.#observers.values()].includes(true);
  }
}
