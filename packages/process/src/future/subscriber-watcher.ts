import { Subscription } from 'rxjs/internal/Subscription';
import { AbandonedError, DiscardedError, toError } from '../errors.js';
import { ABANDONED, FAILED, GONE, OBSERVED, PENDING, READY, STATE, WATCH } from './future-core.js';
import { Reaction, ReactionList } from './future-core.js';
import type { FutureCore, Watcher } from './future-core.js';
import { addNode } from './reactions.js';
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
  const node = new Reaction(WATCH, watcher);
  const observed = heeds ? OBSERVED : future.bits & OBSERVED;
  if ((future.bits & STATE) !== PENDING) watcher.tell(future);
  else if (future.bits & ABANDONED) watcher.abandoned();
  else addNode(future, node);
  future.bits = (future.bits & ~OBSERVED) | observed;
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
    if (!this.heeds && (source.bits & STATE) === FAILED) reportUnobserved(source);
    this.tell(source);
  }

  tell(source: FutureCore<unknown>): void {
    this.#closed = true;
    const state = source.bits & STATE;
    try {
      if (state === READY) {
        this.listener.next(source.value);
        this.listener.complete();
      } else {
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

  close(future: FutureCore<unknown>, node: Reaction): void {
    if (this.#closed) return;
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
