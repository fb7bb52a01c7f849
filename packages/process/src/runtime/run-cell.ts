import { isCoded, toError } from '../errors.js';
import { FAILED, FutureCore, PENDING, READY, STATE } from '../future/future-core.js';
import { follow, followPromise, settle } from '../future/settlement.js';
import type { Cell } from './cell.js';
import { PURGE } from './cell-bits.js';
import { current } from './current.js';
import { Arguments, ExitedEvent, MessageEvent, TerminateEvent, labelOf, noSuchMethod, unpacked } from './events.js';
import { drop } from './delivery.js';
import { explain } from './event-trace.js';
import { endProcess, purge } from './lifecycle.js';
import { Origin } from './origin.js';
import { Pid, isRequest } from './pid.js';
import { followAnswer } from './watched-answer.js';
import type { Runtime } from './runtime.js';

/** Serves at most `limit` events of a process; answers how many. */
export function runCell(runtime: Runtime, cell: Cell, limit: number): number {
  const { mailbox } = cell;
  if (mailbox === undefined) return 0;
  current.cell = cell;
  let served = 0;
  while (served < limit && mailbox.size > 0) {
    if (cell.bits & PURGE) purge(runtime, cell, mailbox);
    const { slots, at } = mailbox;
    const what = slots[at];
    const args = slots[at + 1];
    const id = slots[at + 2] as number;
    const cause = slots[at + 3] as number;
    mailbox.advance();
    served += 1;
    runtime.event = id;
    if (runtime.observation.isWatched) serveWatched(runtime, cell, what, args, id, cause);
    else serve(runtime, cell, what, args, id, cause);
  }
  return served;
}

/** Serves one event; answers how the handler ended. */
function serve(runtime: Runtime, cell: Cell, what: unknown, args: unknown, id: number, cause: number): Outcome {
  if (typeof what === 'string' || typeof what === 'function') {
    runtime.log.record(id, cause, cell, what);
    try {
      const result = call(cell, what, args);
      return typeof result === 'object' && result !== null ? leave(result) : 'ready';
    } catch (error) {
      return failed(runtime, cell, undefined, what, args, error, id, cause);
    }
  }
  if (what instanceof FutureCore) {
    const method = what.value;
    what.value = undefined;
    runtime.log.record(id, cause, cell, method);
    try {
      return answer(runtime, cell, what, method, call(cell, method, args), id, cause);
    } catch (error) {
      return failed(runtime, cell, what, method, args, error, id, cause);
    }
  }
  runtime.log.record(id, cause, cell, what);
  try {
    serveSystem(runtime, cell, what);
    return 'ready';
  } catch (error) {
    return failed(runtime, cell, undefined, what, args, error, id, cause);
  }
}

type Outcome = 'ready' | 'pending' | 'failed' | 'discarded' | 'crashed';
const OUTCOMES: readonly Outcome[] = ['pending', 'ready', 'failed', 'discarded'];

type Handler = (this: unknown, ...args: unknown[]) => unknown;

function call(cell: Cell, method: unknown, args: unknown): unknown {
  const process = cell.process as unknown as Record<string, Handler>;
  let handler = method as Handler;
  if (typeof method === 'string') {
    handler = process[method]!;
    if (!isRequest(method, handler)) throw noSuchMethod(cell.id, method);
  }
  if (args instanceof Arguments) return handler.apply(process, args.list as unknown[]);
  return handler.call(process, args);
}

/** Completes a request with what its handler answered. */
function answer(
  runtime: Runtime,
  cell: Cell,
  future: FutureCore<unknown>,
  method: unknown,
  result: unknown,
  id: number,
  cause: number,
): Outcome {
  if (typeof result !== 'object' || result === null) {
    settle(future, READY, result);
    return 'ready';
  }
  if (result instanceof FutureCore) {
    const inner = result as FutureCore<unknown>;
    const state = inner.bits & STATE;
    if (state === PENDING) future.value = new Origin(runtime, cell, method, id, cause);
    else if (state === FAILED) explain(inner.value as Error, runtime.log.trace(id));
    follow(future, inner);
    return OUTCOMES[state]!;
  }
  if (typeof (result as { then?: unknown }).then === 'function') {
    followPromise(future, result as PromiseLike<unknown>, runtime, `${cell.id}.${labelOf(method)}`);
    return 'pending';
  }
  settle(future, READY, result);
  return 'ready';
}

/**
 * A post has nobody to answer; a native promise it answered must not become an unhandled rejection of the
 * host.
 */
function leave(result: object): Outcome {
  if (result instanceof FutureCore) return OUTCOMES[(result as FutureCore<unknown>).bits & STATE]!;
  if (typeof (result as { then?: unknown }).then === 'function') {
    followPromise(new FutureCore(PENDING), result as PromiseLike<unknown>);
    return 'pending';
  }
  return 'ready';
}

/** A handler threw: a coded error fails its request alone, anything else takes the process down. */
function failed(
  runtime: Runtime,
  cell: Cell,
  future: FutureCore<unknown> | undefined,
  what: unknown,
  args: unknown,
  thrown: unknown,
  id: number,
  cause: number,
): Outcome {
  const error = toError(thrown);
  explain(error, runtime.log.trace(id));
  // A post has no future: one that failed unseen takes its place in the count of unobserved failures.
  settle(future ?? new FutureCore(PENDING), FAILED, error);
  if (isCoded(error)) return 'failed';
  const label = runtime.log.labelOf(what, cell, cause);
  endProcess(runtime, cell, error, { id, cause, label, arguments: unpacked(args) });
  return 'crashed';
}

function serveSystem(runtime: Runtime, cell: Cell, event: unknown): void {
  if (event instanceof TerminateEvent) {
    endProcess(runtime, cell, undefined, undefined);
  } else if (event instanceof ExitedEvent) {
    const process = cell.process as unknown as { exited(pid: Pid, reason: Error | undefined): void };
    process.exited(event.pid, event.reason);
  } else if (event instanceof MessageEvent) {
    const handler = cell.ties?.handlers?.get(event.name);
    if (handler) return handler.call(cell.process, event.from, event.body);
    const delegate = cell.ties?.delegates?.get(event.name);
    if (!delegate) return;
    const to = Pid.cellOf(delegate);
    to?.runtime?.submit(to, event, undefined, false);
  }
}

function requestFor(method: unknown): FutureCore<unknown> {
  const future = new FutureCore<unknown>(PENDING);
  future.value = method;
  return future;
}

/** As `serve`, for a runtime with observers or interceptors. */
function serveWatched(runtime: Runtime, cell: Cell, what: unknown, args: unknown, id: number, cause: number): void {
  const method = what instanceof FutureCore ? what.value : what;
  if (!(what instanceof TerminateEvent) && runtime.observation.isFiltered(cell, method, args)) {
    drop(runtime, cell, what, id, cause, 'filtered');
    return;
  }
  const label = runtime.log.labelOf(method, cell, cause);
  const process = cell.id;
  const of = () => ({ version: 1, atMs: runtime.clock.now(), process, id, cause, label }) as const;
  runtime.observe(() => ({ ...of(), kind: 'begun', arguments: args === undefined ? [] : unpacked(args) }));
  // A post is served as a request whose future nobody has, so that its failure can be told.
  const isPost = typeof what === 'string' || typeof what === 'function';
  const event = isPost ? requestFor(what) : what;
  const outcome = serve(runtime, cell, event, args, id, cause);
  const error = event instanceof FutureCore && (event.bits & STATE) === FAILED ? (event.value as Error) : undefined;
  runtime.observe(() => ({ ...of(), kind: 'ended', outcome, ...(error && { error }) }));
  if (outcome === 'pending' && event instanceof FutureCore) followAnswer(runtime, event, of);
}

