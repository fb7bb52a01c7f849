import { toError } from '../errors.js';
import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import { tellAbandonedOne } from './abandonment.js';
import { DEFERRED } from './deferred-call.js';
import type { DeferredCall, Origin } from './deferred-call.js';
import { linkUpstream, requestDiscard } from './discard-request.js';
import { guarded, reportUnobserved } from './unobserved.js';
import type { Node } from './future-core.js';
import {
  ABANDONED,
  ASSOCIATED,
  DISCARDED,
  DISCARD_REQUESTED,
  DiscardHooks,
  FAILED,
  FutureCore,
  KIND,
  MIRROR,
  OBSERVED,
  ON_ANY,
  ON_DISCARDED,
  ON_FAILED,
  ON_READY,
  PENDING,
  READY,
  REPAIR,
  Reaction,
  ReactionList,
  SHIELD,
  STATE,
  THEN,
  WATCH,
} from './future-core.js';
import type { Watcher } from './future-core.js';

type AnyFuture = FutureCore<unknown>;

/**
 * Nested settling beyond this depth waits for the outermost call, so chains of callbacks need no stack of
 * their own.
 */
const MAX_DEPTH = 48;

let depth = 0;
const postponed: { future: AnyFuture; node: Node }[] = [];

/** Completes a pending future and runs who waits for it; false if it was complete already. */
export function settle(future: AnyFuture, state: number, value: unknown): boolean {
  if (finish(future, state, value) === undefined) return false;
  const reactions = future.reactions;
  if (reactions !== undefined) {
    future.reactions = undefined;
    run(future, reactions instanceof ReactionList ? reactions.joined()! : reactions);
  }
  return true;
}

/** Moves a pending future into its final state without running anything yet. */
function finish(future: AnyFuture, state: number, value: unknown): AnyFuture | undefined {
  const bits = future.bits;
  if ((bits & STATE) !== PENDING) return undefined;
  future.bits = (bits & ~KIND) | state;
  future.value = value;
  future.upstream = undefined;
  if (state === FAILED && future.reactions === undefined && (bits & OBSERVED) === 0) reportUnobserved(future);
  return future;
}

/**
 * Completes `future` with what a function answered: a value, another future to follow, or a native promise.
 */
export function complete(future: AnyFuture, result: unknown): void {
  if (typeof result === 'object' && result !== null) {
    if (result instanceof FutureCore) return void follow(future, result as AnyFuture);
    if (isPromiseLike(result)) return followPromise(future, result);
  }
  settle(future, READY, result);
}

/**
 * As `complete`, inside the settling loop: answers the future if it is final now and its reactions must run.
 */
function adopt(future: AnyFuture, result: unknown): AnyFuture | undefined {
  if (typeof result === 'object' && result !== null) {
    if (result instanceof FutureCore) {
      const inner = result as AnyFuture;
      if ((inner.bits & STATE) !== PENDING) return finish(future, inner.bits & STATE, inner.value);
      follow(future, inner);
      return undefined;
    }
    if (isPromiseLike(result)) {
      followPromise(future, result);
      return undefined;
    }
  }
  return finish(future, READY, result);
}

function isPromiseLike(value: object): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown }).then === 'function';
}

/**
 * Completes `future` with the outcome of a native promise, which `runtime` counts as outstanding until then.
 */
export function followPromise(
  future: AnyFuture,
  promise: PromiseLike<unknown>,
  runtime: Runtime | undefined = current.runtime,
  label = 'promise',
): void {
  future.bits |= ASSOCIATED;
  const enter = runtime ? runtime.external(label) : (run: () => void) => run();
  promise.then(
    (value) => enter(() => complete(future, value)),
    (error: unknown) => enter(() => void settle(future, FAILED, toError(error))),
  );
}

/**
 * Makes `future` mirror `inner`: result and abandonment come up, discard requests go down. `future` must be
 * in no list. A request made before is forwarded at once (libprocess `associate`).
 */
export function follow(future: AnyFuture, inner: AnyFuture): void {
  const state = inner.bits & STATE;
  if (state !== PENDING) {
    inner.bits |= OBSERVED;
    settle(future, state, inner.value);
    return;
  }
  future.bits = (future.bits & ~KIND) | MIRROR | ASSOCIATED;
  linkUpstream(future, inner);
  attach(inner, future);
  if (future.bits & DISCARD_REQUESTED) requestDiscard(inner);
}

/** Puts a node into the list of a pending future; an abandonment that happened already is told at once. */
export function attach(source: AnyFuture, node: Node): void {
  const reactions = source.reactions;
  if (reactions === undefined) {
    source.reactions = node;
  } else if (reactions instanceof ReactionList) {
    reactions.add(node);
  } else {
    const list = new ReactionList();
    list.add(reactions);
    list.add(node);
    source.reactions = list;
  }
  source.bits |= OBSERVED;
  if (source.bits & ABANDONED) tellAbandoned(node, source);
}

/** Registers a watcher; on a settled future it is told before this returns. */
export function watch(source: AnyFuture, watcher: Watcher): Reaction | undefined {
  if ((source.bits & STATE) !== PENDING) {
    source.bits |= OBSERVED;
    watcher.settled(source);
    return undefined;
  }
  const node = new Reaction(WATCH, watcher);
  attach(source, node);
  return node;
}

/** Marks a pending future as one that nobody can complete, and tells who depends on it. */
export function abandon(future: AnyFuture): boolean {
  if ((future.bits & (STATE | ABANDONED)) !== PENDING) return false;
  future.bits |= ABANDONED;
  const reactions = future.reactions;
  if (reactions === undefined) return true;
  if (reactions instanceof ReactionList) {
    // Two walks, because the lists stay in use: an abandoned future may still be completed.
    const { stateHead, anyHead } = reactions;
    if (stateHead) run(future, stateHead);
    if (anyHead && (future.bits & STATE) === PENDING) run(future, anyHead);
  } else {
    run(future, reactions);
  }
  return true;
}

function run(source: AnyFuture, node: Node): void {
  if (depth >= MAX_DEPTH) {
    postponed.push({ future: source, node });
    return;
  }
  depth += 1;
  try {
    drive(source, node);
    if (depth === 1 && postponed.length > 0) drivePostponed();
  } finally {
    depth -= 1;
  }
}

function drivePostponed(): void {
  // Indexed rather than shifted: what runs here may postpone more, a million times over.
  for (let at = 0; at < postponed.length; at += 1) {
    const { future, node } = postponed[at]!;
    drive(future, node);
    if (at === 4096) {
      postponed.splice(0, at + 1);
      at = -1;
    }
  }
  postponed.length = 0;
}

/** The rest of a list to go on with, once what a node set off has run. */
interface Frame {
  readonly source: AnyFuture;
  readonly node: Node;
  readonly below: Frame | undefined;
}

/**
 * The settling loop: depth first, as libprocess's nested calls would run, in one stack frame. Only a list
 * with more nodes to come allocates, so a chain of a million hops runs in constant space.
 */
function drive(source: AnyFuture, node: Node): void {
  let rest: Frame | undefined;
  let on: AnyFuture = source;
  let at: Node | undefined = node;
  for (;;) {
    const settled: boolean = (on.bits & STATE) !== PENDING;
    const next: Node | undefined = at.next;
    let changed: AnyFuture | undefined;
    if (settled) {
      at.next = undefined;
      changed = react(at, on);
    } else {
      changed = tellAbandonedOne(at, on);
    }
    // An abandoned source that settled meanwhile has run its whole list itself.
    const more: boolean = next !== undefined && settled === ((on.bits & STATE) !== PENDING);
    const first: Node | undefined = changed === undefined ? undefined : takeReactions(changed);
    if (first !== undefined) {
      if (more) rest = { source: on, node: next!, below: rest };
      on = changed!;
      at = first;
    } else if (more) {
      at = next!;
    } else if (rest !== undefined) {
      on = rest.source;
      at = rest.node;
      rest = rest.below;
    } else {
      return;
    }
  }
}

/**
 * The nodes to run now that `future` changed: taken out if it settled, left in place if it was only
 * abandoned.
 */
function takeReactions(future: AnyFuture): Node | undefined {
  const reactions = future.reactions;
  if (reactions === undefined) return undefined;
  const settled = (future.bits & STATE) !== PENDING;
  if (settled) future.reactions = undefined;
  if (!(reactions instanceof ReactionList)) return reactions;
  if (settled) return reactions.joined();
  if (reactions.stateHead && reactions.anyHead) {
    run(future, reactions.stateHead);
    return (future.bits & STATE) === PENDING ? reactions.anyHead : undefined;
  }
  return reactions.stateHead ?? reactions.anyHead;
}

/** One node meets its settled source. Answers the derived future if that is final now. */
function react(node: Node, source: AnyFuture): AnyFuture | undefined {
  const state = source.bits & STATE;
  switch (node.bits & KIND) {
    case THEN:
      if (state === READY) return runThen(node as AnyFuture, source);
      return finish(node as AnyFuture, state, source.value);
    case REPAIR:
      if (state === FAILED) return runRepair(node as AnyFuture, source);
      return finish(node as AnyFuture, state, source.value);
    case MIRROR:
      if (state === FAILED && node.value !== undefined) (node.value as Origin).explain(source.value as Error);
      return finish(node as AnyFuture, state, source.value);
    case SHIELD:
      return finish(node as AnyFuture, state, source.value);
    case ON_READY:
      if (state === READY) guarded(node.value as (value: unknown) => void, source.value);
      return undefined;
    case ON_FAILED:
      if (state === FAILED) guarded(node.value as (error: unknown) => void, source.value);
      return undefined;
    case ON_DISCARDED:
      if (state === DISCARDED) guarded(node.value as (none: undefined) => void, undefined);
      return undefined;
    case ON_ANY:
      guarded(node.value as (future: unknown) => void, source);
      return undefined;
    case WATCH:
      (node.value as Watcher).settled(source);
      return undefined;
    default:
      return undefined;
  }
}

/** Runs the function of a `then` whose source is READY. */
export function runThen(derived: AnyFuture, source: AnyFuture): AnyFuture | undefined {
  if (source.bits & DISCARD_REQUESTED) return finish(derived, DISCARDED, undefined);
  const f = derived.value as ((value: unknown) => unknown) & { [DEFERRED]?: DeferredCall };
  const deferred = f[DEFERRED];
  derived.value = undefined;
  derived.upstream = derived.upstream instanceof DiscardHooks ? withoutSource(derived.upstream) : undefined;
  if (deferred !== undefined) {
    deferred.enqueue(derived, source.value);
    return undefined;
  }
  try {
    return adopt(derived, f(source.value));
  } catch (error) {
    return finish(derived, FAILED, toError(error));
  }
}

/** Runs the function of a `repair` whose source is FAILED. */
export function runRepair(derived: AnyFuture, source: AnyFuture): AnyFuture | undefined {
  const f = derived.value as (failed: AnyFuture) => unknown;
  derived.value = undefined;
  try {
    return adopt(derived, f(source));
  } catch (error) {
    return finish(derived, FAILED, toError(error));
  }
}

function withoutSource(hooks: DiscardHooks): DiscardHooks {
  hooks.source = undefined;
  return hooks;
}

function tellAbandoned(node: Node, source: AnyFuture): void {
  const changed = tellAbandonedOne(node, source);
  const first = changed && takeReactions(changed);
  if (first) run(changed, first);
}
