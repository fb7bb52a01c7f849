import { toError } from '../errors.js';
import { DISCARD_REQUESTED, FAILED, FutureCore, PENDING, READY, STATE } from '../future/future-core.js';
import type { Watcher } from '../future/future-core.js';
import { requestDiscard } from '../future/discard-request.js';
import { Future } from '../future/future.js';
import type { Answer } from '../future/future.js';
import { abandon, complete, settle, watch } from '../future/settlement.js';
import { nextTurn } from '../host.js';
import { current } from '../runtime/current.js';
import type { PID, Unwrap } from '../runtime/pid-type.js';
import { Pid, request } from '../runtime/pid.js';

/** What the body of a `loop` answers to go round again. */
export const Continue: { readonly kind: 'continue' } = Object.freeze({ kind: 'continue' });

/** What the body of a `loop` answers to end it with a value. */
export interface BreakWith<T> {
  readonly kind: 'break';
  readonly value: T;
}

/** Ends a `loop` with `value`. */
export function Break<T>(value: T): BreakWith<T>;
export function Break(): BreakWith<void>;
export function Break(value?: unknown): BreakWith<unknown> {
  return { kind: 'break', value };
}

/** Whether to go round again, or with what to end. */
export type ControlFlow<T> = typeof Continue | BreakWith<T>;

/** The value a body breaks with, from what it answers. */
export type BreakValue<C> = C extends BreakWith<infer T> ? T : never;

/** Rounds made in one go; after them the rest of the world has its turn. */
const ROUNDS_IN_A_ROW = 1024;

/**
 * Repeats `body(await iterate())` until the body breaks; both may answer a value or a future of one. Runs in
 * the process of `pid`, or where it is called; rounds that are ready at once run in a row, but not for ever:
 * others get their turn.
 *
 * Failures, discards and abandonment of a step end the loop alike. Discarding the loop asks the step it waits
 * for, and every later one; a body may still break. When the process ends, the loop is abandoned. Mirrors
 * libprocess `loop`.
 *
 * @example
 * const total = loop(this.self, () => reader.read(), (chunk) => (chunk ? Continue : Break('end of file')));
 */
export function loop<I, R extends Answer<ControlFlow<unknown>>>(
  pid: PID<unknown> | undefined,
  iterate: () => Answer<I>,
  body: (value: I) => R,
): Future<BreakValue<Unwrap<R>>> {
  const result = Future.pending<BreakValue<Unwrap<R>>>();
  const going = new Loop(pid as object | undefined, result, iterate, body as (value: unknown) => unknown);
  result.onDiscard(() => going.discard());
  going.resume();
  return result;
}

/** Which of the two functions comes next. */
type Step = 'iterate' | 'body' | 'decide';

class Loop implements Watcher {
  #step: Step = 'iterate';
  #value: unknown;
  #waiting: FutureCore<unknown> | undefined;

  constructor(
    private readonly pid: object | undefined,
    private readonly result: FutureCore<unknown>,
    private readonly iterate: () => unknown,
    private readonly body: (value: unknown) => unknown,
  ) {}

  settled(source: FutureCore<unknown>): void {
    this.#waiting = undefined;
    const state = source.bits & STATE;
    if (state !== READY) {
      settle(this.result, state, source.value);
      return;
    }
    this.#value = source.value;
    this.resume();
  }

  abandoned(): void {
    abandon(this.result);
  }

  discard(): void {
    if (this.#waiting) requestDiscard(this.#waiting);
  }

  /** Goes on in the process, or here. */
  resume(): void {
    const cell = this.pid && Pid.cellOf(this.pid);
    if (!cell) return this.#run();
    request(cell, () => this.#run(), undefined, false).onAbandoned(() => void abandon(this.result));
  }

  #run(): void {
    try {
      // Two steps, a look at the function and one at the answer, make a round.
      for (let steps = 0; steps < ROUNDS_IN_A_ROW * 3; steps += 1) if (this.#takeStep()) return;
    } catch (error) {
      settle(this.result, FAILED, toError(error));
      return;
    }
    this.#yield();
  }

  /** True when there is something to wait for, or the loop is over. */
  #takeStep(): boolean {
    if (this.#step === 'decide') {
      const flow = this.#value as ControlFlow<unknown>;
      this.#step = 'iterate';
      if (flow.kind === 'continue') return false;
      settle(this.result, READY, flow.value);
      return true;
    }
    const answer = this.#step === 'iterate' ? this.iterate() : this.body(this.#value);
    this.#step = this.#step === 'iterate' ? 'body' : 'decide';
    const future = futureOf(answer);
    if (future === undefined) {
      this.#value = answer;
      return false;
    }
    const state = future.bits & STATE;
    if (state === READY) {
      this.#value = future.value;
      return false;
    }
    this.#waiting = state === PENDING ? future : undefined;
    watch(future, this);
    if (this.#waiting && this.result.bits & DISCARD_REQUESTED) requestDiscard(future);
    return true;
  }

  #yield(): void {
    const { runtime } = current;
    if (this.pid && Pid.cellOf(this.pid)) this.resume();
    else if (runtime) runtime.offer({ kind: 'completion', label: 'loop', run: () => this.#run() });
    else nextTurn(() => this.#run());
  }
}

function futureOf(answer: unknown): FutureCore<unknown> | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  if (answer instanceof FutureCore) return answer as FutureCore<unknown>;
  if (typeof (answer as { then?: unknown }).then !== 'function') return undefined;
  const future = new FutureCore<unknown>(PENDING);
  complete(future, answer);
  return future;
}

