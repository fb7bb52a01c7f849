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
    const state = source.bits & STATE;
    if (state === READY) this.resolve(source.value);
    else this.reject(state === FAILED ? source.value : new DiscardedError());
  }

  abandoned(): void {
    this.reject(new AbandonedError());
  }
}
