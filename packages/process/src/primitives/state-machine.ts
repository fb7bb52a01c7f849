import { Latch } from './latch.js';
import type { Future } from '../future/future.js';

/**
 * A state, the transitions one asks for by name, and futures of states to come. Small, for one actor's own
 * use: what users should see as a chart is an XState machine. Mirrors libprocess `StateMachine`.
 *
 * @example
 * const state = new StateMachine<'idle' | 'pulling' | 'done'>('idle');
 * state.transition('idle', 'pulling');
 * state.when('done').onReady(() => …);
 */
export class StateMachine<State> {
  #state: State;
  readonly #waiting = new Map<State, Latch>();

  constructor(initial: State) {
    this.#state = initial;
  }

  /** Where it is. */
  get state(): State {
    return this.#state;
  }

  /** Whether it is in `state`. */
  is(state: State): boolean {
    return this.#state === state;
  }

  /** READY at once in `state`, else the next time it is entered. */
  when(state: State): Future<void> {
    let latch = this.#waiting.get(state);
    if (!latch) {
      latch = new Latch();
      if (this.is(state)) latch.trigger();
      else this.#waiting.set(state, latch);
    }
    return latch.wait();
  }

  /**
   * Moves `from` one state `to` another, tells who waits for it, then runs `f` and answers what that answers.
   * If `f` throws the state stays: it was entered.
   *
   * @throws Error    it is not in `from`; with `message` if given
   */
  transition<R = void>(from: State, to: State, f?: () => R, message?: string): R | undefined {
    if (!this.is(from)) {
      const why = `Cannot move from '${String(from)}' to '${String(to)}': the state is '${String(this.#state)}'`;
      throw new Error(message ?? why);
    }
    this.#state = to;
    const latch = this.#waiting.get(to);
    this.#waiting.delete(to);
    latch?.trigger();
    return f?.();
  }
}
