/** An element of a {@link WaiterList}. */
export class Waiter<T> {
  /** @internal */
  previous: Waiter<T> | undefined = undefined;
  /** @internal */
  next: Waiter<T> | undefined = undefined;
  constructor(readonly value: T) {}
}

/** Those who wait, first come first served; who gave up leaves from anywhere in constant time. */
export class WaiterList<T> {
  #first: Waiter<T> | undefined;
  #last: Waiter<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(value: T): Waiter<T> {
    const waiter = new Waiter(value);
    waiter.previous = this.#last;
    if (this.#last) this.#last.next = waiter;
    else this.#first = waiter;
    this.#last = waiter;
    this.#size += 1;
    return waiter;
  }

  /** The one who came first, left in place. */
  peek(): T | undefined {
    return this.#first?.value;
  }

  /** Takes out the one who came first. */
  shift(): T | undefined {
    const first = this.#first;
    if (first) this.remove(first);
    return first?.value;
  }

  /** Takes out a waiter that is in this list. */
  remove(waiter: Waiter<T>): void {
    const { previous, next } = waiter;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    waiter.previous = waiter.next = undefined;
    this.#size -= 1;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let waiter = this.#first; waiter; waiter = waiter.next) yield waiter.value;
  }
}
