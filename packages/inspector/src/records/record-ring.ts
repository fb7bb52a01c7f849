import type { InspectorRecord } from './record.js';

/** What a reader of a {@link RecordRing} is given. */
export interface RingSlice {
  readonly records: readonly InspectorRecord[];
  /** How many records had made room before this reader came to them. */
  readonly lost: number;
  /** Where to go on. */
  readonly next: number;
}

/**
 * The last `capacity` records, numbered from 0 on. Readers come at their own pace with the number they want next; one
 * that is too slow is told how many it lost, and costs nobody else anything.
 */
export class RecordRing {
  readonly #slots: InspectorRecord[] = [];
  #end = 0;

  /**
   * @param capacity   how many records are kept, 1 to 1,000,000
   * @param onEvicted  told of every record that makes room
   */
  constructor(
    readonly capacity: number,
    private readonly onEvicted: (record: InspectorRecord) => void = () => {},
  ) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1_000_000) {
      throw new RangeError(`capacity is a whole number from 1 to 1,000,000, got ${capacity}`);
    }
  }

  /** Number of the oldest record kept. */
  get start(): number {
    return Math.max(0, this.#end - this.capacity);
  }

  /** Number of the record that comes next. */
  get end(): number {
    return this.#end;
  }

  push(record: InspectorRecord): void {
    const at = this.#end % this.capacity;
    const evicted = this.#slots[at];
    if (evicted !== undefined) this.onEvicted(evicted);
    this.#slots[at] = record;
    this.#end += 1;
  }

  /** At most `limit` records from number `from` on. */
  read(from: number, limit = Infinity): RingSlice {
    const begin = Math.max(from, this.start);
    const next = Math.min(this.#end, begin + limit);
    const records: InspectorRecord[] = [];
    for (let at = begin; at < next; at += 1) records.push(this.#slots[at % this.capacity]!);
    return { records, lost: begin - from, next };
  }
}
