import { FAILED, READY } from '../future/future-core.js';
import { Future } from '../future/future.js';
import { settle } from '../future/settlement.js';

/**
 * The only handle of a value, until it is shared or released. Mirrors libprocess `Owned`; using it afterwards
 * throws.
 *
 * @example
 * const owned = new Owned(new Parser());
 * const shared = owned.share();
 */
export class Owned<T> {
  #value: { readonly is: T } | undefined;

  constructor(value: T) {
    this.#value = { is: value };
  }

  /** The value. @throws Error    it was shared or released */
  get(): T {
    if (!this.#value) throw new Error('Owned.get: the value has already been shared or released');
    return this.#value.is;
  }

  /** A handle that may be cloned; this one is empty from then on. Undefined if it is empty already. */
  share(): Shared<T> | undefined {
    const value = this.#value;
    this.#value = undefined;
    return value && new Shared(value.is);
  }

  /** The value, which nobody owns from then on. Undefined if this handle is empty already. */
  release(): T | undefined {
    const value = this.#value;
    this.#value = undefined;
    return value?.is;
  }
}

/** The value behind all handles that were cloned from one another. */
interface Holding<T> {
  readonly value: T;
  handles: number;
  taker: Future<Owned<T>> | undefined;
}

/**
 * One of several handles of a value, counted. Whoever wants to own it alone waits until the others are
 * disposed. Mirrors libprocess `Shared`; handles are cloned and disposed explicitly, where C++ copies and
 * destroys them.
 *
 * @example
 * using mine = shared.clone();
 */
export class Shared<T> {
  #holding: Holding<T> | undefined;

  constructor(value: T) {
    this.#holding = { value, handles: 1, taker: undefined };
  }

  /** The value. @throws Error    this handle was disposed or has given the value up */
  get(): T {
    if (!this.#holding) throw new Error('Shared.get: this handle was disposed');
    return this.#holding.value;
  }

  /** Whether no other handle is left. */
  unique(): boolean {
    return this.#holding?.handles === 1;
  }

  /** Another handle of the same value. */
  clone(): Shared<T> {
    const holding = this.#holding;
    if (!holding) throw new Error('Shared.clone: this handle was disposed');
    const clone = new Shared(holding.value);
    clone.#holding = holding;
    holding.handles += 1;
    return clone;
  }

  /** Gives this handle up. Without effect the second time. */
  dispose(): void {
    const holding = this.#holding;
    if (!holding) return;
    this.#holding = undefined;
    holding.handles -= 1;
    if (holding.handles === 0 && holding.taker) settle(holding.taker, READY, new Owned(holding.value));
  }

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /**
   * Gives this handle up and answers the value's only handle once all the others have been. FAILED if another
   * handle did so first.
   */
  own(): Future<Owned<T>> {
    const holding = this.#holding;
    if (!holding) return Future.failed(new Error('Shared.own: this handle was disposed'));
    const future = Future.pending<Owned<T>>();
    if (holding.taker) {
      settle(future, FAILED, new Error('Shared.own: ownership has already been transferred'));
      return future;
    }
    holding.taker = future;
    this.dispose();
    return future;
  }
}
