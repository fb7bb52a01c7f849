import type { LockKind } from './lock-rules.js';

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

/** Takes leases back. */
export interface Lessor {
  giveBack(kind: LockKind): void;
}

/** A lease that is held until it is released, once. */
export class HeldLease implements Lease {
  #lessor: Lessor | undefined;
  readonly #kind: LockKind;

  constructor(lessor: Lessor, kind: LockKind) {
    this.#lessor = lessor;
    this.#kind = kind;
  }

  release(): void {
    const lessor = this.#lessor;
    if (!lessor) throw new Error('Lease.release: this lease was released before');
    this.#lessor = undefined;
    lessor.giveBack(this.#kind);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
