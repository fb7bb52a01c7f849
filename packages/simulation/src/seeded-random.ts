import type { Random } from '@keelson/process';

/**
 * Random numbers and ids that a seed repeats (mulberry32).
 *
 * Ids count per prefix, as libprocess names its processes: `pull-1`, `pull-2`, so that a trace reads well.
 * Those of any other seed than 1 carry it (`pull-1-7`): two lives of one machine, with a seed each, never
 * give the same id.
 */
export class SeededRandom implements Random {
  #state: number;
  readonly #counts = new Map<string, number>();

  /** @param seed  any integer; its low 32 bits are used */
  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  id(prefix: string): string {
    const count = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, count);
    return this.seed === 1 ? `${prefix}-${count}` : `${prefix}-${count}-${this.seed}`;
  }
}
