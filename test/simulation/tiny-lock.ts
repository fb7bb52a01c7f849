export type Kind = 'read' | 'write';

interface Entry {
  readonly id: number;
  readonly kind: Kind;
}

/** The lock as one would explain it: a list of who holds it and a list of who waits. Slow, and obviously right. */
export class TinyLock {
  holders: Entry[] = [];
  queue: Entry[] = [];
  /** Everybody ever let in, in order. */
  readonly granted: number[] = [];

  ask(id: number, kind: Kind): void {
    this.queue.push({ id, kind });
    this.#letIn();
  }

  release(id: number): void {
    this.holders = this.holders.filter((entry) => entry.id !== id);
    this.#letIn();
  }

  leave(id: number): void {
    this.queue = this.queue.filter((entry) => entry.id !== id);
    this.#letIn();
  }

  holds(id: number): boolean {
    return this.holders.some((entry) => entry.id === id);
  }

  waits(id: number): boolean {
    return this.queue.some((entry) => entry.id === id);
  }

  #letIn(): void {
    for (let head = this.queue[0]; head !== undefined && this.#mayEnter(head); head = this.queue[0]) {
      this.queue.shift();
      this.holders.push(head);
      this.granted.push(head.id);
    }
  }

  /** First in, first out: only the head is ever asked for, so readers behind a writer wait as it does. */
  #mayEnter({ kind }: Entry): boolean {
    return kind === 'write' ? this.holders.length === 0 : this.holders.every((holder) => holder.kind === 'read');
  }
}
