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
/** What lies in `upstream` are DiscardHooks. */
export const HOOKED = 1 << 6;

/**
 * What a reaction does when its source settles. The first four are futures derived from the source, the others
 * are callbacks. Those from MIRROR to ON_ABANDONED run first (libprocess's onReady, onFailed, onDiscarded,
 * onAbandoned), the rest after them (onAny).
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
 * The kind of the only reaction, where that is a bare callback or watcher lying in `reactions` itself: most
 * futures have one reaction, and it costs no object. The same kinds, higher up; 0 where there is no such.
 */
export const SOLE = 0xff0000;
export const SOLE_SHIFT = 8;
/** In place of a kind: what lies in `reactions` is a list. A bit tells it faster than a walk up the prototypes. */
export const SEVERAL = 0xff0000;

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

/** A function of the on… family, whatever it takes. */
export type Callback = (argument: never) => void;

/** A callback or watcher that is not alone. A future made by `then` is its own node: a hop costs one object. */
export class Reaction {
  next: Node | undefined = undefined;

  constructor(
    public bits: number,
    public value: unknown,
  ) {}
}

/** An element of a reaction list: linked through `next`, told apart by the kind in `bits`. */
export type Node = FutureCore<unknown> | Reaction;

/**
 * Two or more reactions: those on one state run before those on any, whatever the order they came in. Those on
 * abandonment alone lie apart, because they run once while the others stay.
 */
export class ReactionList {
  stateHead: Node | undefined = undefined;
  stateTail: Node | undefined = undefined;
  anyHead: Node | undefined = undefined;
  anyTail: Node | undefined = undefined;
  abandonedHead: Node | undefined = undefined;
  abandonedTail: Node | undefined = undefined;
  #gone = 0;
  #size = 0;

  add(node: Node): void {
    this.#size += 1;
    const kind = node.bits & KIND;
    if (kind === ON_ABANDONED) {
      if (this.abandonedTail) this.abandonedTail.next = node;
      else this.abandonedHead = node;
      this.abandonedTail = node;
    } else if (kind >= MIRROR && kind < ON_ABANDONED) {
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
    // Who unsubscribes is a watcher, and those are among the reactions on any state.
    let node = this.anyHead;
    this.#size -= this.#gone;
    this.anyHead = this.anyTail = undefined;
    this.#gone = 0;
    while (node) {
      const next: Node | undefined = node.next;
      node.next = undefined;
      if ((node.bits & KIND) !== GONE) {
        this.#size -= 1;
        this.add(node);
      }
      node = next;
    }
  }

  /** Those who hear of a settled state, in order. */
  takeSettled(): Node | undefined {
    if (!this.stateTail) return this.anyHead;
    this.stateTail.next = this.anyHead;
    return this.stateHead;
  }

  /** Those who hear of abandonment alone. */
  takeAbandoned(): Node | undefined {
    const head = this.abandonedHead;
    this.abandonedHead = this.abandonedTail = undefined;
    return head;
  }
}

/** A producer that reacts to discard requests itself; one that is `upstream` of a future costs no callback. */
export interface DiscardListener {
  /** Somebody asks for the first time, while `future` is pending. */
  discardRequested(future: FutureCore<unknown>): void;
}

/** Whom a discard request goes to next: the future this one was derived from, or its producer. */
export type Upstream = FutureCore<unknown> | DiscardListener;

/** Callbacks that want to hear of a discard request, and whom it goes to before them. */
export class DiscardHooks {
  readonly callbacks: (() => void)[] = [];
  constructor(public source: Upstream | undefined) {}
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
  /** @internal Who waits: one bare callback or watcher (its kind is in `bits`, see SOLE), one node, or several. */
  reactions: Callback | Watcher | Node | ReactionList | undefined = undefined;
  /** @internal The next node while this future is a node in the list of another. */
  next: Node | undefined = undefined;
  /** @internal */
  upstream: Upstream | DiscardHooks | undefined = undefined;

  /** @internal The state, and facts beside it. */
  bits: number;

  /** @internal */
  constructor(bits: number) {
    super();
    this.bits = bits;
  }
}
