import { Subscription } from 'rxjs/internal/Subscription';
import { AbandonedError, DiscardedError, toError } from '../errors.js';
import { FAILED, GONE, OBSERVED, READY, ReactionList, STATE } from './future-core.js';
import type { FutureCore, Reaction, Watcher } from './future-core.js';
import { watch } from './settlement.js';
import { reportCallbackError, reportUnobserved } from './unobserved.js';

interface Listener {
  next(value: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

/**
 * Subscribes to a future without rxjs's SafeSubscriber: what a listener throws is reported, not thrown at the
 * host.
 *
 * @param heeds  whether the listener handles errors; if nobody does, a failure counts as unobserved
 */
export function listen(future: FutureCore<unknown>, listener: Listener, heeds: boolean): Subscription {
  const watcher = new SubscriberWatcher(listener, heeds);
  const observed = future.bits & OBSERVED;
  const node = watch(future, watcher);
  if (!heeds && !observed) future.bits &= ~OBSERVED;
  return new Subscription(() => watcher.close(future, node));
}

class SubscriberWatcher implements Watcher {
  #closed = false;

  constructor(
    private readonly listener: Listener,
    private readonly heeds: boolean,
  ) {}

  settled(source: FutureCore<unknown>): void {
    if (this.#closed) return;
    this.#closed = true;
    const state = source.bits & STATE;
    try {
      if (state === READY) {
        this.listener.next(source.value);
        this.listener.complete();
      } else {
        if (state === FAILED && !this.heeds) reportUnobserved(source);
        this.listener.error(state === FAILED ? source.value : new DiscardedError());
      }
    } catch (error) {
      reportCallbackError(toError(error));
    }
  }

  abandoned(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.listener.error(new AbandonedError());
    } catch (error) {
      reportCallbackError(toError(error));
    }
  }

  close(future: FutureCore<unknown>, node: Reaction | undefined): void {
    if (this.#closed || !node) return;
    this.#closed = true;
    const reactions = future.reactions;
    if (reactions === node) {
      future.reactions = undefined;
    } else if (reactions instanceof ReactionList) {
      node.bits = GONE;
      node.value = undefined;
      reactions.forgetOne();
    }
  }
}
