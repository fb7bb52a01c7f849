import { monotonicMs, nextTurn } from '../host.js';
import { Cell } from './cell.js';
import type { Dispatcher } from './dispatcher.js';
import { ageOf, readyItem } from './turns.js';
import type { Turn } from './turns.js';

/** Events of one process in a row while others wait. */
const QUANTUM = 64;
/** How long a batch may keep the host's event loop from I/O and timers. */
const BATCH_MS = 4;
/** Events between two looks at the clock, at most; halved while handlers are slow. */
const MAX_SLICE = 32;
/** Where the queue's spent front is cut off. */
const COMPACT_AT = 4096;

const resolved = globalThis.Promise.resolve();

/** Serves at most `limit` events of a turn; answers how many. A process with more to do stays the scheduler's. */
export type Serve = (turn: Turn, limit: number) => number;

/**
 * The run queue. In production it is first in, first out, drained in batches from a microtask; after each batch the host's
 * event loop has a full turn. With a dispatcher every single step is chosen.
 *
 * The order does not depend on how long things take: a batch that ends within a process's quantum goes on there.
 */
export class Scheduler {
  #queue: Turn[] = [];
  #head = 0;
  /** The process whose quantum was interrupted by the end of a batch, or is running now. */
  #running: Turn | undefined;
  #left = 0;
  #slice = 1;
  /** A pump is queued with the host, or the queue is being drained. */
  #scheduled = false;

  constructor(
    private readonly serve: Serve,
    private readonly dispatcher: Dispatcher | undefined,
  ) {}

  /** Whether anything can run. */
  get isIdle(): boolean {
    return this.#running === undefined && this.#head === this.#queue.length;
  }

  add(turn: Turn): void {
    this.#queue.push(turn);
    if (this.#scheduled) return;
    this.#scheduled = true;
    resolved.then(this.#pump);
  }

  /** Runs everything that can run, and what that makes runnable, before it returns. */
  drain(): void {
    const scheduled = this.#scheduled;
    // Nobody needs to be called back for what is added meanwhile.
    this.#scheduled = true;
    try {
      if (this.dispatcher) while (this.step());
      else while (this.#serveSome(Infinity) > 0);
    } finally {
      // A pump that was queued still comes, and finds nothing to do.
      this.#scheduled = scheduled;
    }
  }

  /** Runs one event, the one the dispatcher chooses or the next; false if there is none. */
  step(): boolean {
    if (!this.dispatcher) return this.#serveSome(1) > 0;
    const ready = this.#queue;
    if (ready.length === 0) return false;
    const index = ready.length === 1 ? this.#choose(ready) : this.#choose(ready);
    const turn = ready[index]!;
    ready.splice(index, 1);
    this.serve(turn, 1);
    if (hasMore(turn)) this.#insertByAge(turn);
    return true;
  }

  #choose(ready: readonly Turn[]): number {
    const index = this.dispatcher!.next(ready.map(readyItem));
    if (!Number.isInteger(index) || index < 0 || index >= ready.length) {
      throw new RangeError(`Dispatcher.next answered ${index} for ${ready.length} ready items`);
    }
    return index;
  }

  /** Heads of mailboxes may be older than what stands in the queue already. */
  #insertByAge(turn: Turn): void {
    const age = ageOf(turn);
    let at = this.#queue.length;
    while (at > 0 && ageOf(this.#queue[at - 1]!) > age) at -= 1;
    this.#queue.splice(at, 0, turn);
  }

  readonly #pump = (): void => {
    if (this.dispatcher ? this.#stepsUntil(monotonicMs() + BATCH_MS) : this.#batch()) nextTurn(this.#pump);
    else this.#scheduled = false;
  };

  /** Serves until the queue is empty or the time of a batch is over; true if there is more. */
  #batch(): boolean {
    let nowMs = monotonicMs();
    const endMs = nowMs + BATCH_MS;
    for (;;) {
      const beganMs = nowMs;
      let left = this.#slice;
      while (left > 0) {
        const served = this.#serveSome(left);
        if (served === 0) return false;
        left -= served;
      }
      nowMs = monotonicMs();
      if (nowMs >= endMs) {
        if (nowMs - beganMs > 1) this.#slice = Math.max(1, this.#slice >> 1);
        return !this.isIdle;
      }
      if (this.#slice < MAX_SLICE && nowMs - beganMs < 0.5) this.#slice *= 2;
    }
  }

  #stepsUntil(endMs: number): boolean {
    while (this.step()) if (monotonicMs() >= endMs) return !this.isIdle;
    return false;
  }

  /** Serves at most `limit` events of the next process; 0 if nothing can run. A turn without events counts as one. */
  #serveSome(limit: number): number {
    let turn = this.#running;
    if (turn === undefined) {
      turn = this.#shift();
      if (turn === undefined) return 0;
      this.#running = turn;
      this.#left = QUANTUM;
    }
    const served = this.serve(turn, limit < this.#left ? limit : this.#left);
    this.#left -= served;
    if (!hasMore(turn)) {
      this.#running = undefined;
    } else if (this.#left <= 0) {
      this.#running = undefined;
      this.#queue.push(turn);
    }
    return served === 0 ? 1 : served;
  }

  #shift(): Turn | undefined {
    const queue = this.#queue;
    const head = this.#head;
    if (head === queue.length) return undefined;
    const turn = queue[head]!;
    if (head + 1 === queue.length) {
      queue.length = 0;
      this.#head = 0;
    } else if (head + 1 >= COMPACT_AT && head * 2 >= queue.length) {
      this.#queue = queue.slice(head + 1);
      this.#head = 0;
    } else {
      this.#head = head + 1;
    }
    return turn;
  }
}

function hasMore(turn: Turn): boolean {
  return turn instanceof Cell && turn.mailbox !== undefined;
}
