import { monotonicMs, nextTurn } from '../host.js';
import type { Dispatcher, ReadyItem } from './dispatcher.js';
import type { Runtime } from './runtime.js';
import { BATCH_MS, wakeSoon } from './scheduler.js';
import type { Scheduler, Wake } from './scheduler.js';
import { ageOf, readyItem } from './turns.js';
import type { Turn } from './turns.js';

/**
 * The run queue of a simulation: a dispatcher chooses every single step among all that can run. A dispatcher
 * that throws, as one does that cuts the power, halts it for good: whoever drives it gets that error, and
 * nothing runs any more.
 */
export class ChosenScheduler implements Scheduler {
  /** By age. `#items` are the same turns as the dispatcher sees them; each is made once. */
  readonly #turns: Turn[] = [];
  readonly #items: ReadyItem[] = [];
  /** The microtask that will run what nobody drains. */
  #wake: Wake | undefined;
  #halted: { readonly by: unknown } | undefined;

  constructor(
    private readonly runtime: Runtime,
    private readonly dispatcher: Dispatcher,
  ) {}

  add(turn: Turn): void {
    if (this.#halted) return;
    this.#insert(turn);
    this.#wake ??= wakeSoon(this.#pump);
  }

  drain(): void {
    while (this.step());
  }

  step(): boolean {
    if (this.#halted) throw this.#halted.by;
    if (this.#turns.length === 0) {
      this.#callOff();
      return false;
    }
    const index = this.#choose();
    const turn = this.#turns[index]!;
    this.#turns.splice(index, 1);
    this.#items.splice(index, 1);
    this.runtime.begin();
    try {
      this.runtime.serve(turn, 1);
    } finally {
      this.runtime.end();
      if (turn.isOver) turn.leaveQueue(this.runtime.mailboxes);
      else this.#insert(turn);
    }
    return true;
  }

  #choose(): number {
    try {
      const index = this.dispatcher.next(this.#items);
      if (Number.isInteger(index) && index >= 0 && index < this.#items.length) return index;
      throw new RangeError(`Dispatcher.next answered ${index} for ${this.#items.length} ready items`);
    } catch (error) {
      this.#halted = { by: error };
      this.#callOff();
      throw error;
    }
  }

  /** Nothing is left to run, or ever will: the microtask that waits for its turn must not keep all this alive. */
  #callOff(): void {
    if (this.#wake) this.#wake.pump = undefined;
    this.#wake = undefined;
  }

  /** The head of a mailbox may be older than what stands in the queue already. */
  #insert(turn: Turn): void {
    const age = ageOf(turn);
    let at = this.#turns.length;
    while (at > 0 && ageOf(this.#turns[at - 1]!) > age) at -= 1;
    this.#turns.splice(at, 0, turn);
    this.#items.splice(at, 0, readyItem(turn));
  }

  /** For those who wait for the host instead of driving the queue themselves. */
  readonly #pump = (): void => {
    const endMs = monotonicMs() + BATCH_MS;
    while (!this.#halted && this.step()) {
      if (monotonicMs() >= endMs) return nextTurn(this.#pump);
    }
    this.#wake = undefined;
  };
}
