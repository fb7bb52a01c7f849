import type { Future } from '@keelson/process';
import { Deferred } from '@keelson/process';

/**
 * Runs equal work once, however many ask, and shares the result but not the cancellation.
 *
 * Every asker gets a view of its own. Discarding it gives up this interest alone; the last one to go discards
 * the work. An ended flight erases only itself: after the last discard a new flight of the same key may be
 * under way already (MESOS-10169 erased that one).
 */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Flight<V>>();

  /** @param unclaimed takes a value that came after everybody had left */
  constructor(private readonly unclaimed: (value: V) => void = () => {}) {}

  has(key: K): boolean {
    return this.#flights.has(key);
  }

  /** Joins the flight of `key`, or starts one. `start` is called at most once, before this returns. */
  join(key: K, start: () => Future<V>): Future<V> {
    return this.#view(key, this.#flights.get(key) ?? this.#depart(key, start));
  }

  #depart(key: K, start: () => Future<V>): Flight<V> {
    const flight: Flight<V> = { work: start(), interested: 0 };
    if (flight.work.isPending()) {
      this.#flights.set(key, flight);
      flight.work.onAny((work) => {
        this.#erase(key, flight);
        if (flight.interested === 0 && work.isReady()) this.unclaimed(work.get());
      });
      flight.work.onAbandoned(() => this.#erase(key, flight));
    }
    return flight;
  }

  #view(key: K, flight: Flight<V>): Future<V> {
    const view = new Deferred<V>();
    flight.interested += 1;
    flight.work.onAny((work) => {
      if (work.isReady()) view.set(work.get());
      else if (work.isFailed()) view.fail(work.failure());
      else view.discard();
    });
    flight.work.onAbandoned(() => view.abandon());
    view.future.onDiscard(() => {
      if (view.discard()) this.#leave(key, flight);
    });
    return view.future;
  }

  #leave(key: K, flight: Flight<V>): void {
    flight.interested -= 1;
    if (flight.interested > 0) return;
    this.#erase(key, flight);
    flight.work.discard();
  }

  #erase(key: K, flight: Flight<V>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

interface Flight<V> {
  readonly work: Future<V>;
  interested: number;
}
