// Not the index, which loads every operator: 200 files that a command would pay for at each start.
import { Observable } from 'rxjs/internal/Observable';

/** The state of a future, in the two lowest of its bits. */
export const PENDING = 0;
export const READY = 1;
export const FAILED = 2;
export const DISCARDED = 3;
export const STATE = 0b11;

/** Facts beside the state: they may hold in any state. */
export const DISCARD_REQUESTED = 1 << 2;
export const ABANDONED = 1 << 3;
export const ASSOCIATED = 1 << 4;
/** Somebody looked: its failure is not a silent one. */
export const OBSERVED = 1 << 5;

/**
 * What a node in a reaction list does when its source settles. The first four are futures derived from the
 * source, the others are callbacks. Those from MIRROR to ON_ABANDONED stand in the list that runs first
 * (libprocess's onReady, onFailed, onDiscarded, onAbandoned), the rest in the one that runs after it (onAny).
 */
export const KIND = 0xff00;
export const THEN = 1 << 8;
export const REPAIR = 2 << 8;
export const SHIELD = 3 << 8;
export const MIRROR = 4 << 8;
export const ON_READY = 5 << 8;
export const ON_FAILED = 6 << 8;
export const ON_DISCARDED = 7 << 8;
export const ON_ABANDONED = 8 << 8;
export const ON_ANY = 9 << 8;
export const WATCH = 10 << 8;
/** Unsubscribed: does nothing. */
export const GONE = 11 << 8;

/**
 * Reacts to a future it watches with more than one function; `collect`, `recover`, subscribers and others are
 * such.
 */
export interface Watcher {
  /** The source is READY, FAILED or DISCARDED now. */
  settled(source: FutureCore<unknown>): void;
  /** Nobody can complete the source any more. It may still settle later, and then `settled` runs too. */
  abandoned(source: FutureCore<unknown>): void;
}

/** A callback in a reaction list. A future made by `then` is its own node, so a hop costs one allocation. */
export class Reaction {
  next: Node | undefined = undefined;

  constructor(
    public bits: number,
    public value: unknown,
  ) {}
}

/** An element of a reaction list: linked through `next`, told apart by the kind in `bits`. */
export type Node = FutureCore<unknown> | Reaction;

/** Two or more reactions: those on one state run before those on any, whatever the order they came in. */
export class ReactionList {
  stateHead: Node | undefined = undefined;
  stateTail: Node | undefined = undefined;
  anyHead: Node | undefined = undefined;
  anyTail: Node | undefined = undefined;
  #gone = 0;
  #size = 0;

  add(node: Node): void {
    this.#size += 1;
    const kind = node.bits & KIND;
    if (kind >= MIRROR && kind <= ON_ABANDONED) {
      if (this.stateTail) this.stateTail.next = node;
      else this.stateHead = node;
      this.stateTail = node;
    } else {
      if (this.anyTail) this.anyTail.next = node;
      else this.anyHead = node;
      this.anyTail = node;
    }
  }

  /**
   * Counts a node that was unsubscribed, and sweeps once they are the majority: many come and go on a long
   * wait.
   */
  forgetOne(): void {
    this.#gone += 1;
    if (this.#gone < 32 || this.#gone * 2 < this.#size) return;
    let node = this.joined();
    this.stateHead = this.stateTail = this.anyHead = this.anyTail = undefined;
    this.#gone = this.#size = 0;
    while (node) {
      const next: Node | undefined = node.next;
      node.next = undefined;
      if ((node.bits & KIND) !== GONE) this.add(node);
      node = next;
    }
  }

  /** Both lists as one. */
  joined(): Node | undefined {
    if (!this.stateTail) return this.anyHead;
    this.stateTail.next = this.anyHead;
    return this.stateHead;
  }
}

/** Who wants to hear of a discard request: the future this one was derived from, and callbacks. */
export class DiscardHooks {
  readonly callbacks: (() => void)[] = [];
  constructor(public source: FutureCore<unknown> | undefined) {}
}

/**
 * The fields of a future. One class, five fields and no subclasses with state, so that every access in the
 * settling loop meets one shape; what differs between futures is in `bits`.
 */
export class FutureCore<T> extends Observable<T> {
  /**
   * @internal The value or the error once settled; before that the function of the `then` that made this
   * future.
   */
  value: unknown = undefined;
  /** @internal */
  reactions: Node | ReactionList | undefined = undefined;
  /** @internal The next node while this future is a node in the list of another. */
  next: Node | undefined = undefined;
  /** @internal */
  upstream: FutureCore<unknown> | DiscardHooks | undefined = undefined;

  /** @internal The state, and facts beside it. */
  bits: number;

  /** @internal */
  constructor(bits: number) {
    super();
    this.bits = bits;
  }
}
