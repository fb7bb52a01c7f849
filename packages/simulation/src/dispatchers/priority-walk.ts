import type { Dispatcher, ReadyItem } from '@keelson/process';
import { SeededRandom } from '../seeded-random.js';

/**
 * Probabilistic concurrency testing (PCT, Burckhardt et al., ASPLOS 2010): every process gets a random
 * priority, the ready item of the highest one runs, and at `changePoints` random steps the process about to
 * run falls below all others. A bug that needs d orderings is found with a known least probability when
 * `changePoints` is d - 1.
 */
export class PriorityWalk implements Dispatcher {
  readonly #random: SeededRandom;
  readonly #priorities = new Map<string, number>();
  readonly #changes = new Set<number>();
  #lowest = 0;
  #step = 0;

  /** @param expectedSteps  over how many steps the change points are spread; default 1,000 */
  constructor(seed: number, options: { changePoints?: number; expectedSteps?: number } = {}) {
    this.#random = new SeededRandom(seed);
    for (let count = 0; count < (options.changePoints ?? 2); count += 1) {
      this.#changes.add(this.#random.below(options.expectedSteps ?? 1_000));
    }
  }

  next(ready: readonly ReadyItem[]): number {
    let chosen = this.#highest(ready);
    if (this.#changes.has(this.#step)) {
      this.#lowest -= 1;
      this.#priorities.set(ownerOf(ready[chosen] as ReadyItem), this.#lowest);
      chosen = this.#highest(ready);
    }
    this.#step += 1;
    return chosen;
  }

  #highest(ready: readonly ReadyItem[]): number {
    let best = 0;
    for (let index = 1; index < ready.length; index += 1) {
      if (this.#priorityOf(ready[index] as ReadyItem) > this.#priorityOf(ready[best] as ReadyItem)) best = index;
    }
    return best;
  }

  #priorityOf(item: ReadyItem): number {
    const owner = ownerOf(item);
    const known = this.#priorities.get(owner);
    if (known !== undefined) return known;
    const fresh = this.#random.next() + 1;
    this.#priorities.set(owner, fresh);
    return fresh;
  }
}

function ownerOf(item: ReadyItem): string {
  return item.process ?? `${item.kind} ${item.label}`;
}
