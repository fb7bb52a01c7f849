import type { Clock, ClockTimer } from '../time/clock.js';

/** A timer of a runtime: due on its clock, run in its order, forgotten when it is finalized. */
export class RuntimeTimer implements ClockTimer {
  readonly #onClock: ClockTimer;
  #f: (() => void) | undefined;

  /** @param enter  gives what is due its turn */
  constructor(
    readonly atMs: number,
    f: () => void,
    clock: Clock,
    private readonly all: Set<RuntimeTimer>,
    enter: (run: () => void) => void,
  ) {
    this.#f = f;
    all.add(this);
    this.#onClock = clock.timer(atMs, () => enter(() => this.#run()));
  }

  cancel(): boolean {
    if (this.#f === undefined) return false;
    this.#f = undefined;
    this.all.delete(this);
    this.#onClock.cancel();
    return true;
  }

  #run(): void {
    const f = this.#f;
    if (f === undefined) return;
    this.#f = undefined;
    this.all.delete(this);
    f();
  }
}
