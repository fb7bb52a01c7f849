import type { Dispatcher, ReadyItem } from '@keelson/process';

/** Thrown out of `runtime.settle()` where a {@link CrashingDispatcher} stops the run. */
export class PowerCut extends Error {
  override readonly name = 'PowerCut';
  constructor(readonly step: number) {
    super(`the power went before step ${step}`);
  }
}

/** Stops a run before its n-th step, counted from 0: nothing runs any more, whatever was under way. */
export class CrashingDispatcher implements Dispatcher {
  #step = 0;

  constructor(
    private readonly inner: Dispatcher,
    private readonly crashAt: number = Number.POSITIVE_INFINITY,
  ) {}

  /** Steps run so far. */
  get steps(): number {
    return this.#step;
  }

  next(ready: readonly ReadyItem[]): number {
    if (this.#step >= this.crashAt) throw new PowerCut(this.#step);
    this.#step += 1;
    return this.inner.next(ready);
  }
}
