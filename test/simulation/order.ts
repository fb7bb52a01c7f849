import type { Dispatcher, ReadyItem } from '@keelson/process';
import { DecisionVector, DelayBounded, PowerCut, PriorityWalk, RandomWalk, runOrder } from '@keelson/simulation';
import fc from 'fast-check';
import { Broken } from './check.js';

/** An order to run a scenario in, as plain data that can be saved and run again. */
export type Order =
  | { readonly kind: 'vector'; readonly vector: readonly number[] }
  | { readonly kind: 'random'; readonly seed: number }
  | { readonly kind: 'priority'; readonly seed: number; readonly changePoints: number }
  | { readonly kind: 'delay'; readonly seed: number; readonly delays: number };

export const fifo: Order = { kind: 'vector', vector: [] };

/** Decision vectors, which shrink to the choice that matters, and the walks that find deep orders sooner. */
export function anyOrder(): fc.Arbitrary<Order> {
  const seed = fc.nat(0xffff_ffff);
  return fc.oneof(
    { weight: 3, arbitrary: runOrder({ maxChoices: 120 }).map((vector): Order => ({ kind: 'vector', vector })) },
    { weight: 3, arbitrary: seed.map((value): Order => ({ kind: 'random', seed: value })) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(seed, fc.integer({ min: 0, max: 4 }))
        .map(([value, changePoints]): Order => ({ kind: 'priority', seed: value, changePoints })),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(seed, fc.integer({ min: 1, max: 6 }))
        .map(([value, delays]): Order => ({ kind: 'delay', seed: value, delays })),
    },
  );
}

export function dispatcherOf(order: Order): Dispatcher {
  switch (order.kind) {
    case 'vector':
      return new DecisionVector(order.vector);
    case 'random':
      return new RandomWalk(order.seed);
    case 'priority':
      return new PriorityWalk(order.seed, { changePoints: order.changePoints, expectedSteps: 300 });
    case 'delay':
      return new DelayBounded(order.seed, { delays: order.delays, expectedChoices: 200 });
  }
}

/** What halts the runtime of a life that is over. */
export class LifeOver extends Error {
  override readonly name = 'LifeOver';
}

/** Far more steps than any scenario here takes; one that takes more goes round in circles. */
const maxSteps = 30_000;

/**
 * Wraps a dispatcher: after every step it runs `afterStep` on what is ready then, and it ends a run that never does.
 * `trace` is a hash of what was chosen, in order.
 */
export class StepWatch implements Dispatcher {
  afterStep: ((ready: readonly ReadyItem[]) => void) | undefined;
  /** Items that are chosen only when nothing else is ready, such as answers of a network that stalls. */
  last: ((item: ReadyItem) => boolean) | undefined;
  /** Called when nothing but what comes last is ready. */
  beforeLast: (() => void) | undefined;
  /** Set when this life is over: nothing of it may run beside the next one. */
  over = false;
  #steps = 0;
  #trace = 0x811c9dc5;

  /** The power goes before this step. */
  crashAt = Number.POSITIVE_INFINITY;

  constructor(private inner: Dispatcher) {}

  /** From now on `dispatcher` chooses. */
  follow(dispatcher: Dispatcher): void {
    this.inner = dispatcher;
  }

  get trace(): number {
    return this.#trace >>> 0;
  }

  next(ready: readonly ReadyItem[]): number {
    if (this.over) throw new LifeOver('this life is over');
    if (this.#steps >= this.crashAt) throw new PowerCut(this.#steps);
    this.#steps += 1;
    if (this.#steps > maxSteps) throw new Broken(`no end after ${maxSteps} steps: livelock`);
    this.afterStep?.(ready);
    const index = this.#choose(ready);
    const { process = '', label } = ready[index] as ReadyItem;
    this.#note(process);
    this.#note(label);
    return index;
  }

  #choose(ready: readonly ReadyItem[]): number {
    const { last } = this;
    if (last === undefined) return this.inner.next(ready);
    const first = ready.filter((item) => !last(item));
    if (first.length > 0) return ready.indexOf(first[this.inner.next(first)] as ReadyItem);
    this.beforeLast?.();
    return this.inner.next(ready);
  }

  #note(text: string): void {
    for (let index = 0; index < text.length; index += 1) {
      this.#trace = Math.imul(this.#trace ^ text.charCodeAt(index), 0x01000193);
    }
  }
}
