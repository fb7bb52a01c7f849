import { ABANDONED, KIND, MIRROR, ON_ABANDONED, PENDING, REPAIR, SHIELD, STATE, THEN } from './future-core.js';
import { WATCH } from './future-core.js';
import type { FutureCore, Node, Watcher } from './future-core.js';
import { guarded } from './unobserved.js';

type AnyFuture = FutureCore<unknown>;

/**
 * One node hears that its source is abandoned. Answers the derived future if that is abandoned through it.
 */
export function tellAbandonedOne(node: Node, source: AnyFuture): AnyFuture | undefined {
  switch (node.bits & KIND) {
    case THEN:
    case REPAIR:
    case MIRROR:
    case SHIELD: {
      const derived = node as AnyFuture;
      if ((derived.bits & (STATE | ABANDONED)) !== PENDING) return undefined;
      derived.bits |= ABANDONED;
      return derived;
    }
    case ON_ABANDONED: {
      const callback = node.value as ((none: undefined) => void) | undefined;
      node.value = undefined;
      if (callback) guarded(callback, undefined);
      return undefined;
    }
    case WATCH:
      (node.value as Watcher).abandoned(source);
      return undefined;
    default:
      return undefined;
  }
}
