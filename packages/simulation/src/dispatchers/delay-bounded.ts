import type { Dispatcher, ReadyItem } from '@keelson/process';
import { SeededRandom } from '../seeded-random.js';

/**
 * FIFO with at most `delays` exceptions (Emmi, Qadeer and Rakamaric, POPL 2011): at that many random choices
 * the oldest item is passed over once. Small bounds find most ordering bugs while the run stays easy to read.
 */
export class DelayBounded implements Dispatcher {
  readonly #random: SeededRandom;
  readonly #delayAt = new Map<number, number>();
  #choice = 0;

  constructor(seed: number, options: { delays?: number; expectedChoices?: number } = {}) {
    this.#random = new SeededRandom(seed);
    for (let count = 0; count < (options.delays ?? 3); count += 1) {
      const at = this.#random.below(options.expectedChoices ?? 300);
      this.#delayAt.set(at, (this.#delayAt.get(at) ?? 0) + 1);
    }
  }

  next(ready: readonly ReadyItem[]): number {
    if (ready.length === 1) return 0;
    const passedOver = this.#delayAt.get(this.#choice) ?? 0;
    this.#choice += 1;
    return Math.min(passedOver, ready.length - 1);
  }
}
