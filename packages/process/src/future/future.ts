import { Subscriber } from 'rxjs/internal/Subscriber';
import type { Observable, Observer, Subscription } from 'rxjs';
import { AbandonedError, DiscardedError, toError } from '../errors.js';
import { AfterWatcher } from './after-watcher.js';
import { adoptExternal } from './external.js';
import type { ExternalOptions } from './external.js';
import {
  ABANDONED,
  DISCARDED,
  DISCARD_REQUESTED,
  FAILED,
  FutureCore,
  OBSERVED,
  ON_ABANDONED,
  ON_ANY,
  ON_DISCARDED,
  ON_FAILED,
  ON_READY,
  PENDING,
  READY,
  REPAIR,
  SHIELD,
  STATE,
  THEN,
} from './future-core.js';
import type { Callback } from './future-core.js';
import { PromiseWatcher } from './promise-watcher.js';
import { RecoverWatcher } from './recover-watcher.js';
import { addDiscardHook, linkUpstream, requestDiscard } from './discard-request.js';
import { addCallback } from './reactions.js';
import { derive, runRepair, runThen, settle, watch } from './settlement.js';
import { guarded } from './unobserved.js';
import { listen } from './subscriber-watcher.js';

/** What a continuation may answer: the value, or a future or native promise of it. */
export type Answer<R> = R | PromiseLike<R>;

type Next<T> = Partial<Observer<T>> | ((value: T) => void) | null;

/**
 * One value that may not be there yet: PENDING, then READY, FAILED or DISCARDED for good.
 *
 * Mirrors libprocess `Future`: callbacks run **synchronously** on the stack of whoever completes it (use
 * `defer` to hop into a process), those on one state before those on any, whatever the order they were
 * registered in. `discard()` only asks; the producer decides. A future whose producer is gone is *abandoned*:
 * pending for ever, and it says so.
 *
 * It is also an rxjs `Observable` (hot, one value, replayed to late subscribers, then complete; unsubscribing
 * is not discarding) and awaitable: DISCARDED becomes {@link DiscardedError}, abandonment becomes
 * {@link AbandonedError}.
 *
 * @example
 * const size = store.get('alpine:3.20').then((image) => image.layers.length);
 * size.onReady((layers) => console.log(layers)).onFailed((error) => console.error(error.message));
 */
export class Future<T> extends FutureCore<T> implements PromiseLike<T> {
  /** @internal */
  static pending<T>(): Future<T> {
    return new Future<T>(PENDING);
  }

  /** A future that is READY with `value`. */
  static ready<T>(value: T): Future<T>;
  static ready(): Future<void>;
  static ready(value?: unknown): Future<unknown> {
    const future = new Future<unknown>(READY);
    future.value = value;
    return future;
  }

  /** A future that is FAILED with `error`. */
  static failed<T = never>(error: unknown): Future<T> {
    const future = new Future<T>(PENDING);
    settle(future, FAILED, toError(error));
    return future;
  }

  /** A future that is DISCARDED. */
  static discarded<T = never>(): Future<T> {
    return new Future<T>(DISCARDED);
  }

  /** A future that is pending and abandoned from the start (libprocess's default-constructed one). */
  static never<T = never>(): Future<T> {
    return new Future<T>(ABANDONED);
  }

  /**
   * The edge where native promises and observables enter. Of an observable the first value counts; one that
   * completes without any abandons the future. Discarding unsubscribes from an observable; a promise cannot
   * be told.
   *
   * The runtime (that of the running handler, else `options.runtime`) counts a promise as outstanding until
   * it settles: `settle()` refuses to call things quiet before.
   */
  static from<T>(source: PromiseLike<T> | Observable<T>, options?: ExternalOptions): Future<T> {
    if (source instanceof Future) return source as Future<T>;
    const future = Future.pending<T>();
    adoptExternal(future, source, options);
    return future;
  }

  /** Whether it is not complete. An abandoned future is pending too. */
  isPending(): boolean {
    return (this.bits & STATE) === PENDING;
  }

  /** Whether it has a value. */
  isReady(): boolean {
    return (this.bits & STATE) === READY;
  }

  /** Whether it ended with an error. */
  isFailed(): boolean {
    return (this.bits & STATE) === FAILED;
  }

  /** Whether its producer gave up on request. */
  isDiscarded(): boolean {
    return (this.bits & STATE) === DISCARDED;
  }

  /** Whether its producer went away without completing it. */
  isAbandoned(): boolean {
    return (this.bits & ABANDONED) !== 0;
  }

  /** Whether somebody asked to discard it; stays true once it is complete. */
  hasDiscard(): boolean {
    return (this.bits & DISCARD_REQUESTED) !== 0;
  }

  /** The value. Throws unless READY: the failure, DiscardedError, or an error that says it is pending. */
  get(): T {
    const state = this.bits & STATE;
    if (state === READY) return this.value as T;
    this.bits |= OBSERVED;
    if (state === FAILED) throw this.value;
    if (state === DISCARDED) throw new DiscardedError('Future.get: the future was discarded');
    if (this.isAbandoned()) throw new AbandonedError('Future.get: the future was abandoned');
    throw new Error('Future.get: the future is still pending');
  }

  /** The error. Throws unless FAILED. */
  failure(): Error {
    this.bits |= OBSERVED;
    if (!this.isFailed()) throw new Error(`Future.failure: the future is ${this.toString()}, not failed`);
    return this.value as Error;
  }

  /**
   * Asks the producers to give up. True the first time and only while pending; the state changes when a
   * producer reacts. Every holder shares one request; it travels to the futures this one was derived from.
   */
  discard(): boolean {
    return requestDiscard(this);
  }

  /** Runs `f` with the value once READY; at once if it is. */
  onReady(f: (value: T) => void): this {
    on(this, ON_READY, READY, f);
    return this;
  }

  /** Runs `f` with the error once FAILED; at once if it is. */
  onFailed(f: (error: Error) => void): this {
    on(this, ON_FAILED, FAILED, f);
    return this;
  }

  /** Runs `f` once DISCARDED; at once if it is. */
  onDiscarded(f: () => void): this {
    on(this, ON_DISCARDED, DISCARDED, f);
    return this;
  }

  /**
   * Runs `f` with this future once it is complete in any way, after all the callbacks on one state. Not on
   * abandonment.
   */
  onAny(f: (future: Future<T>) => void): this {
    if ((this.bits & STATE) === PENDING) {
      addCallback(this, ON_ANY, f);
    } else {
      this.bits |= OBSERVED;
      guarded(f as (future: this) => void, this);
    }
    return this;
  }

  /** Runs `f` when a discard is requested; at once if it was, even if the future has completed since. */
  onDiscard(f: () => void): this {
    if (this.bits & DISCARD_REQUESTED) guarded(f, undefined);
    else if ((this.bits & STATE) === PENDING) addDiscardHook(this, f);
    return this;
  }

  /** Runs `f` when nobody is left who could complete it; at once if that is so. */
  onAbandoned(f: () => void): this {
    if (this.bits & ABANDONED) guarded(f, undefined);
    else if ((this.bits & STATE) === PENDING) addCallback(this, ON_ABANDONED, f);
    return this;
  }

  /**
   * With one argument, libprocess's `then`: the future of what `f` makes of the value. Failure, discard and
   * abandonment pass by `f`; so does a value that comes after a discard request (the result is DISCARDED
   * then). What `f` throws fails the result. Discarding the result asks this future, or the one `f` answered
   * once it has run.
   *
   * With two arguments, as `await` calls it, or without a function, the `then` of a native promise.
   */
  then<R>(f: (value: T) => Answer<R>): Future<R>;
  then<A = T, B = never>(
    onReady: ((value: T) => Answer<A>) | null | undefined,
    onError: ((error: unknown) => Answer<B>) | null | undefined,
  ): globalThis.Promise<A | B>;
  then(f: ((value: T) => unknown) | null | undefined, onError?: ((error: unknown) => unknown) | null): unknown {
    if (arguments.length > 1 || typeof f !== 'function') return this.toPromise().then(f, onError);
    const derived = new Future<unknown>(THEN);
    const state = this.bits & STATE;
    if (state === READY) {
      derived.value = f;
      runThen(derived, this);
      return derived;
    }
    if (state !== PENDING) return passOn(this, derived);
    derived.value = f;
    derived.upstream = this;
    derive(this, derived);
    return derived;
  }

  /**
   * If this future fails, becomes what `f` makes of the failed future; every other outcome passes through.
   */
  repair(f: (failed: Future<T>) => Answer<T>): Future<T> {
    const derived = new Future<T>(REPAIR);
    const state = this.bits & STATE;
    if (state === PENDING) {
      derived.value = f;
      derived.upstream = this;
      derive(this, derived);
      return derived;
    }
    if (state !== FAILED) return passOn(this, derived);
    this.bits |= OBSERVED;
    derived.value = f;
    runRepair(derived, this);
    return derived;
  }

  /**
   * Unless this future becomes READY, becomes what `f` makes of it: failed, discarded or abandoned. A discard
   * request made earlier is not forwarded into the recovery; a later one is.
   */
  recover(f: (future: Future<T>) => Answer<T>): Future<T> {
    const derived = new Future<T>(PENDING);
    const watcher = new RecoverWatcher(derived, f as (future: FutureCore<unknown>) => unknown);
    linkUpstream(derived, this);
    watch(this, watcher);
    return derived;
  }

  /**
   * If this future is not complete within `ms`, becomes what `f` makes of it (it is still pending then: `f`
   * usually discards it). Time is that of the running handler's runtime, else real.
   */
  after(ms: number, f: (future: Future<T>) => Answer<T>): Future<T> {
    const derived = new Future<T>(PENDING);
    if (this.isPending()) linkUpstream(derived, this);
    const watcher = new AfterWatcher(this, derived, f as (future: FutureCore<unknown>) => unknown, ms);
    watch(this, watcher);
    return derived;
  }

  /** A future with the same outcome through which no discard request passes. */
  undiscardable(): Future<T> {
    const derived = new Future<T>(SHIELD);
    if (!this.isPending()) return passOn(this, derived);
    derive(this, derived);
    return derived;
  }

  /**
   * A native promise of the outcome; it rejects with the failure, {@link DiscardedError} or {@link
   * AbandonedError}.
   */
  override toPromise(): globalThis.Promise<T> {
    return new globalThis.Promise<T>((resolve, reject) => {
      watch(this, new PromiseWatcher(resolve as (value: unknown) => void, reject));
    });
  }

  /**
   * As rxjs. An observer without `error` does not turn a failure into an uncaught exception: it is counted as
   * unobserved. Unsubscribing leaves the future alone.
   */
  override subscribe(
    observer?: Next<T>,
    error?: ((error: unknown) => void) | null,
    complete?: (() => void) | null,
  ): Subscription {
    if (observer instanceof Subscriber) {
      observer.add(listen(this, observer as Subscriber<unknown>, true));
      return observer;
    }
    const parts: Partial<Observer<T>> = typeof observer === 'object' && observer ? observer : {};
    const next = typeof observer === 'function' ? observer : parts.next?.bind(parts);
    const failed = parts.error?.bind(parts) ?? error;
    const listener = {
      next: (next ?? ignore) as (value: unknown) => void,
      error: failed ?? ignore,
      complete: parts.complete?.bind(parts) ?? complete ?? ignore,
    };
    return listen(this, listener, Boolean(failed));
  }

  /** `Pending`, `Ready`, `Failed: why`, `Discarded` or `Abandoned`; ` (with discard)` once it was asked for. */
  override toString(): string {
    const state = this.bits & STATE;
    const word = ['Pending', 'Ready', 'Failed', 'Discarded'][state]!;
    const name = state === PENDING && this.isAbandoned() ? 'Abandoned' : word;
    const asked = this.hasDiscard() ? ' (with discard)' : '';
    return state === FAILED ? `${name}${asked}: ${(this.value as Error).message}` : `${name}${asked}`;
  }
}

// Functions instead of private methods, which would give each future one more field.

/** Runs `f` with the value or error of `future` once it is in `state`; at once if it is. */
function on(future: FutureCore<unknown>, kind: number, state: number, f: Callback): void {
  const now = future.bits & STATE;
  if (now === PENDING) {
    addCallback(future, kind, f);
  } else if (now === state) {
    future.bits |= OBSERVED;
    guarded(f as (argument: unknown) => void, future.value);
  }
}

/** Gives the final outcome of `source` to a future that was derived too late to wait for it. */
function passOn<R>(source: FutureCore<unknown>, derived: Future<R>): Future<R> {
  source.bits |= OBSERVED;
  settle(derived, source.bits & STATE, source.value);
  return derived;
}

function ignore(): void {}
