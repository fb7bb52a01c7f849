import type { Observer, TraceRecord } from '@keelson/process';

/**
 * Keeps the last `capacity` trace records of a runtime and counts those it let go.
 *
 * Attach it with `runtime.observe(ring)` or in `new Runtime({ observers: [ring] })`. Memory is bounded: when the ring
 * is full the oldest record makes room and `dropped` grows by one.
 */
export class TraceRing implements Observer {
  readonly #records: TraceRecord[] = [];
  #next = 0;
  #dropped = 0;

  /** @param capacity  how many records are kept, 1 to 1,000,000; default 10,000 */
  constructor(readonly capacity: number = 10_000) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1_000_000) {
      throw new RangeError(`capacity is a whole number from 1 to 1,000,000, got ${capacity}`);
    }
  }

  /** Called by the runtime; never throws. */
  record(trace: TraceRecord): void {
    if (this.#records.length < this.capacity) {
      this.#records.push(trace);
      return;
    }
    this.#records[this.#next] = trace;
    this.#next = (this.#next + 1) % this.capacity;
    this.#dropped += 1;
  }

  /** How many records made room for newer ones. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The records kept, oldest first. */
  records(): readonly TraceRecord[] {
    return [...this.#records.slice(this.#next), ...this.#records.slice(0, this.#next)];
  }
}
