import { ABANDONED, OBSERVED, Reaction, ReactionList, SEVERAL, SOLE, SOLE_SHIFT, WATCH } from './future-core.js';
import type { Callback, FutureCore, Node, Watcher } from './future-core.js';

type AnyFuture = FutureCore<unknown>;

/** Puts a node behind what waits for a pending future already. */
export function addNode(source: AnyFuture, node: Node): void {
  if (source.reactions === undefined) source.reactions = node;
  else severalOf(source).add(node);
  source.bits |= OBSERVED;
}

/** Hangs a callback on a pending future. */
export function addCallback(source: AnyFuture, kind: number, f: Callback): void {
  if (source.reactions === undefined) {
    source.reactions = f;
    source.bits |= (kind << SOLE_SHIFT) | OBSERVED;
  } else {
    severalOf(source).add(new Reaction(kind, f));
    source.bits |= OBSERVED;
  }
}

/** Hangs a watcher on a pending future; an abandonment that happened already is told at once. */
export function addWatcher(source: AnyFuture, watcher: Watcher): void {
  if (source.reactions === undefined) {
    source.reactions = watcher;
    source.bits |= (WATCH << SOLE_SHIFT) | OBSERVED;
  } else {
    severalOf(source).add(new Reaction(WATCH, watcher));
    source.bits |= OBSERVED;
  }
  if (source.bits & ABANDONED) watcher.abandoned(source);
}

/** The reactions of a future that is about to get another. */
function severalOf(source: AnyFuture): ReactionList {
  const { reactions } = source;
  const kind = source.bits & SOLE;
  if (kind === SEVERAL) return reactions as ReactionList;
  const list = new ReactionList();
  list.add(kind === 0 ? (reactions as Node) : new Reaction(kind >> SOLE_SHIFT, reactions));
  source.bits |= SEVERAL;
  source.reactions = list;
  return list;
}
