import { DISCARDED, FAILED, READY, STATE } from './future-core.js';
import { ON_ABANDONED, ON_ANY, ON_DISCARDED, ON_FAILED, ON_READY, WATCH } from './future-core.js';
import type { FutureCore, Watcher } from './future-core.js';
import { guarded } from './unobserved.js';

type AnyFuture = FutureCore<unknown>;

/** A callback or watcher hears that its source has settled, if it is of a kind that wants to. */
export function notifySettled(kind: number, f: unknown, source: AnyFuture): void {
  const state = source.bits & STATE;
  switch (kind) {
    case ON_READY:
      if (state === READY) guarded(f as (value: unknown) => void, source.value);
      break;
    case ON_FAILED:
      if (state === FAILED) guarded(f as (error: unknown) => void, source.value);
      break;
    case ON_DISCARDED:
      if (state === DISCARDED) guarded(f as (none: undefined) => void, undefined);
      break;
    case ON_ANY:
      guarded(f as (future: unknown) => void, source);
      break;
    case WATCH:
      (f as Watcher).settled(source);
      break;
  }
}

/** A callback or watcher hears that its source is abandoned. A watcher may hear of its settling later. */
export function notifyAbandoned(kind: number, f: unknown, source: AnyFuture): void {
  if (kind === ON_ABANDONED) guarded(f as (none: undefined) => void, undefined);
  else if (kind === WATCH) (f as Watcher).abandoned(source);
}
