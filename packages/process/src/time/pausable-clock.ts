import { toError } from '../errors.js';
import { reportCallbackError } from '../future/unobserved.js';
import { host, monotonicMs } from '../host.js';
import type { HostTimer } from '../host.js';
import type { Clock, ClockTimer } from './clock.js';
import { TimerHeap } from './timer-heap.js';

/** The longest wait a host timer can be asked for. */
const MAX_WAIT_MS = 2 ** 31 - 1;

/**
 * A clock that runs with the host, until it is paused. Paused, it stands still and moves by `advance`, which
 * steps through every deadline on the way. `resume` goes back to the host's time: what was advanced is
 * forgotten.
 */
export class PausableClock implements Clock {
  readonly #timers = new TimerHeap(() => this.#disarm());
  readonly #drains = new Set<() => void>();
  #frozenMs: number | undefined;
  #hostTimer: HostTimer | undefined;
  #armedForMs = Infinity;

  /** @param frozenMs  starts paused at this time; running if left out */
  constructor(frozenMs?: number) {
    this.#frozenMs = frozenMs;
  }

  get paused(): boolean {
    return this.#frozenMs !== undefined;
  }

  now(): number {
    return this.#frozenMs ?? monotonicMs();
  }

  timer(atMs: number, f: () => void): ClockTimer {
    const timer = this.#timers.add(atMs, f);
    if (!this.paused && atMs < this.#armedForMs) this.#arm();
    return timer;
  }

  cancel(timer: ClockTimer | undefined): boolean {
    return timer?.cancel() ?? false;
  }

  /** Stops time where it is. Idempotent. */
  pause(): void {
    this.#frozenMs = this.now();
    this.#disarm();
  }

  /** Lets time run with the host again, from the host's time. */
  resume(): void {
    if (!this.paused) return;
    this.#frozenMs = undefined;
    this.#arm();
  }

  /**
   * Moves a paused clock by `ms` and runs what becomes due inside this call, deadline by deadline: a 1 ms
   * ticker fires 1,000 times in `advance(1000)`. Attached runtimes run before the first step and after each.
   * Ignored while time runs.
   */
  advance(ms: number): void {
    if (!this.paused) return;
    const targetMs = this.now() + Math.max(0, ms);
    this.#drain();
    for (let next = this.#timers.peek(); next && next.atMs <= targetMs; next = this.#timers.peek()) {
      this.#frozenMs = Math.max(this.now(), next.atMs);
      this.#fireDue();
      this.#drain();
      if (!this.paused) return;
    }
    // A callback may have moved time further than this call wanted.
    this.#frozenMs = Math.max(this.now(), targetMs);
  }

  runDue(): boolean {
    return this.paused && this.#fireDue();
  }

  attach(drain: () => void): () => void {
    this.#drains.add(drain);
    return () => void this.#drains.delete(drain);
  }

  #drain(): void {
    for (const drain of this.#drains) drain();
  }

  /** Fires what is due now; timers set meanwhile wait for the next step, even if they are due at once. */
  #fireDue(): boolean {
    let fired = false;
    const nowMs = this.now();
    const order = this.#timers.nextOrder;
    for (let due = this.#timers.takeDue(nowMs, order); due; due = this.#timers.takeDue(nowMs, order)) {
      const f = due.f!;
      due.f = undefined;
      fired = true;
      try {
        f();
      } catch (error) {
        reportCallbackError(toError(error));
      }
    }
    return fired;
  }

  #arm(): void {
    const next = this.#timers.peek();
    this.#disarm();
    if (!next) return;
    this.#armedForMs = next.atMs;
    const waitMs = Math.min(Math.max(0, Math.ceil(next.atMs - monotonicMs())), MAX_WAIT_MS);
    this.#hostTimer = host.setTimeout(() => {
      this.#hostTimer = undefined;
      this.#armedForMs = Infinity;
      if (this.paused) return;
      this.#fireDue();
      this.#arm();
    }, waitMs);
  }

  #disarm(): void {
    if (this.#hostTimer !== undefined) host.clearTimeout(this.#hostTimer);
    this.#hostTimer = undefined;
    this.#armedForMs = Infinity;
  }
}
