import { AbandonedError, DiscardedError } from '../errors.js';
import { FAILED, READY, STATE } from './future-core.js';
import type { FutureCore, Watcher } from './future-core.js';

/** Hands a future's outcome to a native promise, so that nobody awaits an answer that cannot come. */
export class PromiseWatcher implements Watcher {
  constructor(
    private readonly resolve: (value: unknown) => void,
    private readonly reject: (error: unknown) => void,
  ) {}

  settled(source: FutureCore<unknown>): void {
    const state = source._bits & STATE;
    if (state === READY) this.resolve(source._value);
    else this.reject(state === FAILED ? source._value : new DiscardedError());
  }

  abandoned(): void {
    this.reject(new AbandonedError());
  }
}
