import { createHash } from 'node:crypto';

/** Random numbers that a seed, a target and the number of an input decide: every input can be made again alone. */
export class Random {
  #state;

  constructor(...seed) {
    this.#state = createHash('sha256').update(seed.join(':')).digest().readUInt32LE();
  }

  /** An integer from 0, below `end`. (mulberry32) */
  below(end) {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  /** True once in `count` times. */
  oneIn(count) {
    return this.below(count) === 0;
  }
}
