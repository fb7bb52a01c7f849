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

/** The number of a request; its sign says what is wanted: positive to read, negative to write. */
export type Ticket = number;

/** Takes leases back. */
export interface Lessor {
  giveBack(ticket: Ticket): void;
}

/** A lease that is held until it is released, once. */
export class HeldLease implements Lease {
  #lessor: Lessor | undefined;
  readonly #ticket: Ticket;

  constructor(lessor: Lessor, ticket: Ticket) {
    this.#lessor = lessor;
    this.#ticket = ticket;
  }

  release(): void {
    const lessor = this.#lessor;
    if (!lessor) throw new Error('Lease.release: this lease was released before');
    this.#lessor = undefined;
    lessor.giveBack(this.#ticket);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
