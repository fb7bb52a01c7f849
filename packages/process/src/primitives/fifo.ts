interface Element<T> {
  readonly value: T;
  next: Element<T> | undefined;
}

/** Values in the order in which they came. A linked list: `Array.shift` is slow where many wait. */
export class Fifo<T> {
  #first: Element<T> | undefined;
  #last: Element<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(value: T): void {
    const element = { value, next: undefined };
    if (this.#last) this.#last.next = element;
    else this.#first = element;
    this.#last = element;
    this.#size += 1;
  }

  /** Takes out the value that came first. */
  shift(): T | undefined {
    const first = this.#first;
    if (!first) return undefined;
    this.#first = first.next;
    if (!first.next) this.#last = undefined;
    this.#size -= 1;
    return first.value;
  }

  *[Symbol.iterator](): Generator<T> {
    for (let element = this.#first; element; element = element.next) yield element.value;
  }
}
