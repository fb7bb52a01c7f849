import { DISCARDED, DISCARD_REQUESTED } from '../future/future-core.js';
import type { DiscardListener, FutureCore } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';

type AnyFuture = FutureCore<unknown>;

/**
 * Those who wait for something, first come first served. The line is made of their pending futures themselves,
 * linked through `next`, so that a place in it costs nothing. Who is discarded leaves it.
 */
export class WaitingLine<T> implements DiscardListener {
  #first: AnyFuture | undefined;
  #last: AnyFuture | undefined;
  #size = 0;
  /** Those who left, but whom the others still point at. */
  #gone = 0;

  /** @param gaveUp  runs when somebody was discarded, and has left the line */
  constructor(private readonly gaveUp?: () => void) {}

  /** How many wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * A future at the end of the line.
   *
   * @param what        for whoever serves it; lies in its `value` while it waits
   * @param onDiscard   who deals with its discard, and calls `leave`; if left out, the future becomes DISCARDED
   */
  join(what?: unknown, onDiscard: DiscardListener = this): Future<T> {
    const future = Future.pending<T>();
    future.value = what;
    future.upstream = onDiscard;
    if (this.#last) this.#last.next = future;
    else this.#first = future;
    this.#last = future;
    this.#size += 1;
    return future;
  }

  /** The one who came first. */
  get first(): Future<T> | undefined {
    while (this.#first && hasLeft(this.#first)) {
      this.#unlinkFirst();
      this.#gone -= 1;
    }
    return this.#first as Future<T> | undefined;
  }

  /** The one behind a member of the line. */
  after(member: Future<T>): Future<T> | undefined {
    let next = member.next as AnyFuture | undefined;
    while (next && hasLeft(next)) next = next.next as AnyFuture | undefined;
    return next as Future<T> | undefined;
  }

  /** Takes out the one who came first. */
  shift(): Future<T> | undefined {
    const { first } = this;
    if (!first) return undefined;
    this.#unlinkFirst();
    this.#size -= 1;
    return first;
  }

  /** Takes out one whose discard was requested. */
  leave(): void {
    this.#size -= 1;
    this.#gone += 1;
    if (this.#gone >= 32 && this.#gone > this.#size) this.#sweep();
  }

  discardRequested(future: AnyFuture): void {
    this.leave();
    this.gaveUp?.();
    settle(future, DISCARDED, undefined);
  }

  *[Symbol.iterator](): Generator<Future<T>> {
    for (let member = this.first; member; member = this.after(member)) yield member;
  }

  #unlinkFirst(): void {
    const first = this.#first!;
    this.#first = first.next as AnyFuture | undefined;
    if (this.#first === undefined) this.#last = undefined;
    first.next = undefined;
  }

  /** Many may come and go behind one who waits long. */
  #sweep(): void {
    let member = this.first;
    while (member) {
      const next = this.after(member);
      member.next = next;
      if (next === undefined) this.#last = member;
      member = next;
    }
    this.#gone = 0;
  }
}

function hasLeft(future: AnyFuture): boolean {
  return (future.bits & DISCARD_REQUESTED) !== 0;
}
