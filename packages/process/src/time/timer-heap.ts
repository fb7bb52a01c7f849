import type { ClockTimer } from './clock.js';

/** A timer in a {@link TimerHeap}. */
export class HeapTimer implements ClockTimer {
  /** @internal Undefined once fired or cancelled. */
  f: (() => void) | undefined;

  constructor(
    readonly atMs: number,
    readonly order: number,
    f: () => void,
    private readonly heap: TimerHeap,
  ) {
    this.f = f;
  }

  cancel(): boolean {
    if (this.f === undefined) return false;
    this.f = undefined;
    this.heap.forgetOne();
    return true;
  }
}

/**
 * Timers by deadline, and by age within one. A binary heap; cancelled ones stay until they are the majority.
 */
export class TimerHeap {
  readonly #heap: HeapTimer[] = [];
  #cancelled = 0;
  #order = 0;

  /**
   * @param onEmpty  called when the last live timer was cancelled, so that nothing keeps the host awake for
   * it
   */
  constructor(private readonly onEmpty: () => void = () => {}) {}

  /** Timers that may still fire. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  add(atMs: number, f: () => void): HeapTimer {
    const timer = new HeapTimer(atMs, (this.#order += 1), f, this);
    const heap = this.#heap;
    let at = heap.push(timer) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = timer;
    return timer;
  }

  /** The next timer to fire, left in place. */
  peek(): HeapTimer | undefined {
    while (this.#heap.length > 0 && this.#heap[0]!.f === undefined) {
      this.#removeFirst();
      this.#cancelled -= 1;
    }
    return this.#heap[0];
  }

  /** Takes out the next timer that is due at `nowMs` and was set before `order`. */
  takeDue(nowMs: number, order = Infinity): HeapTimer | undefined {
    const first = this.peek();
    if (first === undefined || first.atMs > nowMs || first.order >= order) return undefined;
    this.#removeFirst();
    return first;
  }

  /** Timers set from now on have this order or a higher one. */
  get nextOrder(): number {
    return this.#order + 1;
  }

  forgetOne(): void {
    this.#cancelled += 1;
    if (this.size === 0) this.onEmpty();
    if (this.#cancelled < 64 || this.#cancelled * 2 < this.#heap.length) return;
    const live = this.#heap.filter((timer) => timer.f !== undefined).toSorted((a, b) => (before(a, b) ? -1 : 1));
    this.#heap.length = 0;
    for (const timer of live) this.#heap.push(timer);
    this.#cancelled = 0;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: HeapTimer, b: HeapTimer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
