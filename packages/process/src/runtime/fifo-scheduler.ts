import { monotonicMs, nextTurn } from '../host.js';
import type { Runtime } from './runtime.js';
import { BATCH_MS, soon } from './scheduler.js';
import type { Scheduler } from './scheduler.js';
import type { Turn } from './turns.js';

/** Events of one process in a row while others wait. */
const QUANTUM = 64;
/** Events between two looks at the clock, at most; halved while handlers are slow. */
const MAX_SLICE = 32;

/**
 * The run queue of production: first in, first out, drained in batches from a microtask; after each batch the
 * host's event loop has a full turn, so that a flood cannot starve I/O and timers.
 *
 * The order does not depend on how long things take: a batch that ends within a process's quantum goes on
 * there.
 */
export class FifoScheduler implements Scheduler {
  /** A list through the turns themselves. The first may be in the middle of its quantum. */
  #first: Turn | undefined;
  #last: Turn | undefined;
  /** Events the first turn may still serve in this quantum. */
  #left = QUANTUM;
  #slice = 1;
  /** Somebody will drain the queue: a pump that the host was asked for, or a call of `drain`. */
  #scheduled = false;

  constructor(private readonly runtime: Runtime) {}

  add(turn: Turn): void {
    const last = this.#last;
    if (last === undefined) this.#first = turn;
    else last.next = turn;
    this.#last = turn;
    if (this.#scheduled) return;
    this.#scheduled = true;
    soon(this.#pump);
  }

  drain(): void {
    const scheduled = this.#scheduled;
    this.#scheduled = true;
    this.runtime.begin();
    try {
      while (this.#serveSome(Infinity) > 0);
    } finally {
      this.runtime.end();
      // A pump that was asked for still comes, and finds nothing to do.
      this.#scheduled = scheduled;
    }
  }

  step(): boolean {
    this.runtime.begin();
    try {
      return this.#serveSome(1) > 0;
    } finally {
      this.runtime.end();
    }
  }

  readonly #pump = (): void => {
    this.runtime.begin();
    let more = true;
    try {
      more = this.#batch();
    } finally {
      this.runtime.end();
      if (more) nextTurn(this.#pump);
      else this.#scheduled = false;
    }
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
      if (nowMs - beganMs > 1) this.#slice = Math.max(1, this.#slice >> 1);
      else if (this.#slice < MAX_SLICE) this.#slice *= 2;
      if (nowMs >= endMs) return this.#first !== undefined;
    }
  }

  /**
   * Serves at most `limit` events of the first turn; 0 if nothing can run. A turn without events counts as
   * one.
   */
  #serveSome(limit: number): number {
    const turn = this.#first;
    if (turn === undefined) return 0;
    const left = this.#left;
    const served = this.runtime.serve(turn, limit < left ? limit : left);
    if (turn.isOver) this.#remove(turn);
    else if (served >= left) this.#rotate(turn);
    else this.#left = left - served;
    return served === 0 ? 1 : served;
  }

  #remove(turn: Turn): void {
    this.#first = turn.next;
    if (turn.next === undefined) this.#last = undefined;
    else turn.next = undefined;
    this.#left = QUANTUM;
    turn.leaveQueue(this.runtime.mailboxes);
  }

  #rotate(turn: Turn): void {
    this.#left = QUANTUM;
    if (turn.next === undefined) return;
    this.#first = turn.next;
    turn.next = undefined;
    this.#last!.next = turn;
    this.#last = turn;
  }
}
