import { DISCARD_REQUESTED, DiscardHooks, FutureCore, HOOKED, PENDING, STATE } from './future-core.js';
import type { DiscardListener, Upstream } from './future-core.js';
import { toError } from '../errors.js';
import { guarded, reportCallbackError } from './unobserved.js';

type AnyFuture = FutureCore<unknown>;

/** Directs future discard requests on `derived` to `source`. */
export function linkUpstream(derived: AnyFuture, source: Upstream | undefined): void {
  if (derived.bits & HOOKED) (derived.upstream as DiscardHooks).source = source;
  else derived.upstream = source;
}

/** Adds a callback behind whom a discard request goes to. */
export function addDiscardHook(future: AnyFuture, f: () => void): void {
  if ((future.bits & HOOKED) === 0) {
    future.upstream = new DiscardHooks(future.upstream as Upstream | undefined);
    future.bits |= HOOKED;
  }
  (future.upstream as DiscardHooks).callbacks.push(f);
}

/**
 * Asks the producers of `future` to give up; true the first time and only while it is pending. The state
 * stays as it is. Walks down first and then tells producer and callbacks, deepest first, as nested forwarding
 * would, but without its stack.
 */
export function requestDiscard(future: AnyFuture): boolean {
  if ((future.bits & (STATE | DISCARD_REQUESTED)) !== PENDING) return false;
  let hooks: DiscardHooks[] | undefined;
  let asked: Upstream | undefined = future;
  let last: AnyFuture = future;
  while (asked instanceof FutureCore && (asked.bits & (STATE | DISCARD_REQUESTED)) === PENDING) {
    asked.bits |= DISCARD_REQUESTED;
    last = asked;
    const upstream: Upstream | DiscardHooks | undefined = asked.upstream;
    if (upstream instanceof DiscardHooks) (hooks ??= []).push(upstream);
    asked = upstream instanceof DiscardHooks ? upstream.source : upstream;
  }
  if (asked !== undefined && !(asked instanceof FutureCore)) tell(asked, last);
  for (let hook = hooks?.pop(); hook !== undefined; hook = hooks?.pop()) {
    for (const callback of hook.callbacks.splice(0)) guarded(callback, undefined);
  }
  return true;
}

function tell(listener: DiscardListener, future: AnyFuture): void {
  try {
    listener.discardRequested(future);
  } catch (error) {
    reportCallbackError(toError(error));
  }
}
