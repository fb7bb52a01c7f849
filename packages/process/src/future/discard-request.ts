import { DISCARD_REQUESTED, DiscardHooks, PENDING, STATE } from './future-core.js';
import type { FutureCore } from './future-core.js';
import { guarded } from './unobserved.js';

type AnyFuture = FutureCore<unknown>;

/** Directs future discard requests on `derived` to `source`. */
export function linkUpstream(derived: AnyFuture, source: AnyFuture): void {
  if (derived.upstream instanceof DiscardHooks) derived.upstream.source = source;
  else derived.upstream = source;
}

/**
 * Asks the producers of `future` to give up; true the first time and only while it is pending. The state
 * stays as it is. Walks down first and then runs the callbacks, deepest first, as nested forwarding would,
 * but without its stack.
 */
export function requestDiscard(future: AnyFuture): boolean {
  if ((future.bits & (STATE | DISCARD_REQUESTED)) !== PENDING) return false;
  let hooks: DiscardHooks[] | undefined;
  let asked: AnyFuture | undefined = future;
  while (asked !== undefined && (asked.bits & (STATE | DISCARD_REQUESTED)) === PENDING) {
    asked.bits |= DISCARD_REQUESTED;
    const upstream: AnyFuture | DiscardHooks | undefined = asked.upstream;
    if (upstream instanceof DiscardHooks) (hooks ??= []).push(upstream);
    asked = upstream instanceof DiscardHooks ? upstream.source : upstream;
  }
  for (let hook = hooks?.pop(); hook !== undefined; hook = hooks?.pop()) {
    for (const callback of hook.callbacks.splice(0)) guarded(callback, undefined);
  }
  return true;
}
