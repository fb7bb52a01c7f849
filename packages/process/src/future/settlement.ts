import { toError } from '../errors.js';
import { current } from '../runtime/current.js';
import type { Runtime } from '../runtime/runtime.js';
import { DEFERRED } from './deferred-call.js';
import type { DeferredCall, Origin } from './deferred-call.js';
import { linkUpstream, requestDiscard } from './discard-request.js';
import {
  ABANDONED,
  ASSOCIATED,
  DISCARDED,
  DISCARD_REQUESTED,
  FAILED,
  FutureCore,
  KIND,
  MIRROR,
  OBSERVED,
  ON_ABANDONED,
  PENDING,
  READY,
  REPAIR,
  Reaction,
  SEVERAL,
  SHIELD,
  SOLE,
  SOLE_SHIFT,
  STATE,
  THEN,
} from './future-core.js';
import type { Node, ReactionList, Watcher } from './future-core.js';
import { notifyAbandoned, notifySettled } from './notify.js';
import { addNode, addWatcher } from './reactions.js';
import { reportUnobserved } from './unobserved.js';

type AnyFuture = FutureCore<unknown>;

/**
 * Nested settling beyond this depth waits for the outermost call, so chains of callbacks need no stack of
 * their own.
 */
const MAX_DEPTH = 48;

let depth = 0;
const postponed: Frame[] = [];

/** Completes a pending future and runs who waits for it; false if it was complete already. */
export function settle(future: AnyFuture, state: number, value: unknown): boolean {
  if (finish(future, state, value) === undefined) return false;
  if (future.reactions !== undefined) runReactions(future);
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

/** Marks a pending future as one that nobody can complete, and tells who depends on it. */
export function abandon(future: AnyFuture): boolean {
  if ((future.bits & (STATE | ABANDONED)) !== PENDING) return false;
  future.bits |= ABANDONED;
  if (future.reactions !== undefined) runReactions(future);
  return true;
}

/** Makes `derived` a reaction of a pending future; an abandonment that happened already is passed on at once. */
export function derive(source: AnyFuture, derived: AnyFuture): void {
  addNode(source, derived);
  if (source.bits & ABANDONED) abandon(derived);
}

/** Registers a watcher; on a settled future it is told before this returns. */
export function watch(source: AnyFuture, watcher: Watcher): void {
  if ((source.bits & STATE) === PENDING) {
    addWatcher(source, watcher);
  } else {
    source.bits |= OBSERVED;
    watcher.settled(source);
  }
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
 * in no list. A request made before is forwarded at once (libprocess `associate`). One that would wait for
 * itself, and for ever, fails instead, as a native promise does.
 */
export function follow(future: AnyFuture, inner: AnyFuture): void {
  const state = inner.bits & STATE;
  if (inner === future) {
    settle(future, FAILED, new TypeError('A future cannot wait for itself'));
    return;
  }
  if (state !== PENDING) {
    inner.bits |= OBSERVED;
    settle(future, state, inner.value);
    return;
  }
  future.bits = (future.bits & ~KIND) | MIRROR | ASSOCIATED;
  linkUpstream(future, inner);
  derive(inner, future);
  if (future.bits & DISCARD_REQUESTED) requestDiscard(inner);
}

/** Runs who waits for a future that has just settled or been abandoned. */
function runReactions(future: AnyFuture): void {
  const first = takeReactions(future);
  if (first !== undefined) run(future, first);
}

/**
 * The nodes to run now that `future` changed: taken out if it settled, left in place if it was only abandoned,
 * because it may still settle. What is no part of a longer list is run here.
 */
function takeReactions(future: AnyFuture): Node | undefined {
  const { reactions } = future;
  if (reactions === undefined) return undefined;
  const kind = future.bits & SOLE;
  if (kind !== 0 && kind !== SEVERAL) {
    runSole(future, kind >> SOLE_SHIFT);
    return undefined;
  }
  if ((future.bits & STATE) === PENDING) return kind === 0 ? (reactions as Node) : runAbandoned(future);
  future.reactions = undefined;
  return kind === 0 ? (reactions as Node) : (reactions as ReactionList).takeSettled();
}

/** Runs those of several who hear of abandonment alone and of one state; answers those of any state. */
function runAbandoned(future: AnyFuture): Node | undefined {
  const list = future.reactions as ReactionList;
  const abandoned = list.takeAbandoned();
  if (abandoned) run(future, abandoned);
  const { stateHead } = list;
  if (stateHead && (future.bits & STATE) === PENDING) run(future, stateHead);
  return (future.bits & STATE) === PENDING ? list.anyHead : undefined;
}

/** Runs a reaction that is alone. */
function runSole(future: AnyFuture, kind: number): void {
  const settled = (future.bits & STATE) !== PENDING;
  const f = future.reactions;
  if (settled || kind === ON_ABANDONED) {
    future.reactions = undefined;
    future.bits &= ~SOLE;
  }
  if (depth >= MAX_DEPTH) {
    postponed.push({ source: future, node: new Reaction(kind, f), settled, below: undefined });
    return;
  }
  depth += 1;
  try {
    if (settled) notifySettled(kind, f, future);
    else notifyAbandoned(kind, f, future);
    if (depth === 1 && postponed.length > 0) drivePostponed();
  } finally {
    depth -= 1;
  }
}

function run(source: AnyFuture, node: Node): void {
  const settled = (source.bits & STATE) !== PENDING;
  if (depth >= MAX_DEPTH) {
    postponed.push({ source, node, settled, below: undefined });
    return;
  }
  depth += 1;
  try {
    drive(source, node, settled);
    if (depth === 1 && postponed.length > 0) drivePostponed();
  } finally {
    depth -= 1;
  }
}

function drivePostponed(): void {
  // Indexed rather than shifted: what runs here may postpone more, a million times over.
  for (let at = 0; at < postponed.length; at += 1) {
    const { source, node, settled } = postponed[at]!;
    drive(source, node, settled);
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
  /** Whether they are to hear that the source has settled, or that it is abandoned. */
  readonly settled: boolean;
  readonly below: Frame | undefined;
}

/**
 * The settling loop: depth first, as libprocess's nested calls would run, in one stack frame. Only a list
 * with more nodes to come allocates, so a chain of a million hops runs in constant space.
 */
function drive(source: AnyFuture, node: Node, isSettled: boolean): void {
  let rest: Frame | undefined;
  let on = source;
  let at: Node | undefined = node;
  let settled = isSettled;
  for (;;) {
    // An abandoned source that has settled meanwhile told all the others itself.
    const stale: boolean = !settled && (on.bits & STATE) !== PENDING && (at.bits & KIND) !== ON_ABANDONED;
    const next: Node | undefined = stale ? undefined : at.next;
    let first: Node | undefined;
    if (!stale) {
      if (settled) at.next = undefined;
      const changed: AnyFuture | undefined = settled ? react(at, on) : passAbandonment(at, on);
      first = changed && takeReactions(changed);
      if (first !== undefined) {
        if (next !== undefined) rest = { source: on, node: next, settled, below: rest };
        on = changed!;
        settled = (on.bits & STATE) !== PENDING;
      }
    }
    at = first ?? next;
    if (at !== undefined) continue;
    if (rest === undefined) return;
    on = rest.source;
    at = rest.node;
    settled = rest.settled;
    rest = rest.below;
  }
}

/** One node meets its settled source. Answers the derived future if that is final now. */
function react(node: Node, source: AnyFuture): AnyFuture | undefined {
  const state = source.bits & STATE;
  const kind = node.bits & KIND;
  switch (kind) {
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
    default:
      notifySettled(kind, node.value, source);
      return undefined;
  }
}

/** One node hears that its source is abandoned. Answers the derived future if that is abandoned through it. */
function passAbandonment(node: Node, source: AnyFuture): AnyFuture | undefined {
  const kind = node.bits & KIND;
  if (kind > MIRROR) {
    notifyAbandoned(kind, node.value, source);
    return undefined;
  }
  const derived = node as AnyFuture;
  if ((derived.bits & (STATE | ABANDONED)) !== PENDING) return undefined;
  derived.bits |= ABANDONED;
  return derived;
}

/** Runs the function of a `then` whose source is READY. */
export function runThen(derived: AnyFuture, source: AnyFuture): AnyFuture | undefined {
  if (source.bits & DISCARD_REQUESTED) return finish(derived, DISCARDED, undefined);
  const f = derived.value as ((value: unknown) => unknown) & { [DEFERRED]?: DeferredCall };
  const deferred = f[DEFERRED];
  derived.value = undefined;
  linkUpstream(derived, undefined);
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
