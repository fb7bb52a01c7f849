import type { Dispatcher, ReadyItem } from '@keelson/process';
import { microtasks } from './microtasks.js';

/** What waits until a dispatcher chooses it, one at a time, beside code made of native promises. */
export class ChoiceQueue<T extends ReadyItem> {
  readonly #waiting: T[] = [];
  #listeners: (() => void)[] = [];

  constructor(private readonly dispatcher: Dispatcher) {}

  get waiting(): readonly T[] {
    return this.#waiting;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#wake();
  }

  /** Takes out the one that is chosen. */
  take(): T {
    const index = this.dispatcher.next(this.#waiting);
    const [chosen] = this.#waiting.splice(index, 1);
    if (chosen === undefined) throw new RangeError(`Dispatcher.next answered ${index} for fewer ready items`);
    return chosen;
  }

  /** Settles when something comes, and when what an `until` waits for is over. */
  arrival(): Promise<void> {
    return new Promise((resolve) => void this.#listeners.push(resolve));
  }

  /** Repeats `step` until `promise` settles; answers it. */
  async until<R>(promise: PromiseLike<R>, step: () => Promise<void>): Promise<R> {
    const wait = { isOver: false };
    const mark = (): void => {
      wait.isOver = true;
      this.#wake();
    };
    promise.then(mark, mark);
    await microtasks();
    while (!wait.isOver) await step();
    return promise;
  }

  #wake(): void {
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
