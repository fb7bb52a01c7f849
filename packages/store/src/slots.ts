import type { Future } from '@keelson/process';
import { Deferred } from '@keelson/process';

/**
 * Lets at most `limit` pieces of work run at once, the others in the order they came. Discarding one that
 * waits takes it out of the queue; discarding one that runs is passed on to it, and its slot is free when it
 * has really ended.
 */
export class Slots {
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(private readonly limit: number) {}

  /** True when nothing runs and nothing waits. */
  get idle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }

  run<R>(work: () => Future<R>): Future<R> {
    if (this.#running < this.limit) return this.#start(work);
    const turn = new Deferred<R>();
    const begin = (): void => void turn.set(this.#start(work));
    this.#waiting.add(begin);
    turn.future.onDiscard(() => {
      if (this.#waiting.delete(begin)) turn.discard();
    });
    return turn.future;
  }

  #start<R>(work: () => Future<R>): Future<R> {
    this.#running += 1;
    const running = work();
    running.onAny(() => this.#ended());
    running.onAbandoned(() => this.#ended());
    return running;
  }

  #ended(): void {
    this.#running -= 1;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }
}
