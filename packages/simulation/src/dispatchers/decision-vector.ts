import type { Dispatcher, ReadyItem } from '@keelson/process';

/**
 * Follows a list of numbers: at the n-th choice it takes item `vector[n] % ready.length`.
 *
 * 0 is the oldest item, and past the end every choice is 0: an empty vector is FIFO, and fast-check shrinks a
 * vector to the one choice that matters, for example `[0, 0, 2]`.
 */
export class DecisionVector implements Dispatcher {
  #position = 0;

  constructor(private readonly vector: readonly number[]) {}

  next(ready: readonly ReadyItem[]): number {
    if (ready.length === 1) return 0;
    const decision = this.vector[this.#position] ?? 0;
    this.#position += 1;
    return decision % ready.length;
  }
}
