/**
 * The right to hold a lock, until it is given back. Giving it back twice throws: the second time it may be
 * another's.
 */
export interface Lease {
  /** @throws Error    it was released before */
  release(): void;
  /** As `release`, for `using` at asynchronous edges. */
  [Symbol.dispose](): void;
}

/** A lease whose release runs `give` exactly once. */
export class OnceLease<T> implements Lease {
  #held = true;

  constructor(
    private readonly give: (what: T) => void,
    private readonly what: T,
  ) {}

  release(): void {
    if (!this.#held) throw new Error('Lease.release: this lease was released before');
    this.#held = false;
    this.give(this.what);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
