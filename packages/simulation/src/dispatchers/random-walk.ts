import type { Dispatcher, ReadyItem } from '@keelson/process';
import { SeededRandom } from '../seeded-random.js';

/** Takes any ready item with equal chance. The same seed walks the same way. */
export class RandomWalk implements Dispatcher {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  next(ready: readonly ReadyItem[]): number {
    return this.#random.below(ready.length);
  }
}
