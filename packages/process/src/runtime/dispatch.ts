import { Future } from '../future/future.js';
import { noSuchMethod, packed } from './events.js';
import type { PID, Unwrap } from './pid-type.js';
import { Pid, request } from './pid.js';

/** The requests of a PID or of a stand-in: the names of its methods. */
export type RequestOf<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T];

/** The arguments of a request. */
export type ArgumentsOf<T, K extends keyof T> = T[K] extends (...args: infer A) => unknown ? A : never;

/** What a request answers. */
export type AnswerOf<T, K extends keyof T> = T[K] extends (...args: never[]) => infer R ? R : never;

/**
 * Puts a request into a mailbox and answers its Future; `pid.method(…)` is the same. Never runs at once, not
 * even when a process asks itself. With a function, runs that in the process, with the process.
 *
 * The Future is abandoned if nobody lives there (any more). Discarding it before the request is served does
 * not stop it; it is forwarded to the future the handler answers.
 *
 * Fails with RuntimeError MAILBOX_FULL where the runtime bounds mailboxes, and NO_SUCH_METHOD where the process
 * has no method of that name.
 */
export function dispatch<T extends { readonly id: string }, K extends RequestOf<T>>(
  pid: T,
  method: K,
  ...args: ArgumentsOf<T, K>
): AnswerOf<T, K>;
export function dispatch<P, R>(pid: PID<P>, f: (process: P) => R): Future<Unwrap<R>>;
export function dispatch(pid: object, what: unknown, ...args: unknown[]): unknown {
  const cell = Pid.cellOf(pid);
  if (!cell) return askStandIn(pid, what, args);
  return request(cell, what, typeof what === 'function' ? cell.process : packed(args), true);
}

/**
 * As `dispatch`, where no answer is wanted: no future is made, so this is the cheap way for floods. What
 * fails is counted as unobserved.
 */
export const post = postOne as {
  <T extends { readonly id: string }, K extends RequestOf<T>>(pid: T, method: K, ...args: ArgumentsOf<T, K>): void;
  <P>(pid: PID<P>, f: (process: P) => unknown): void;
};

function postOne(pid: object, what: unknown, argument?: unknown): void {
  const cell = Pid.cellOf(pid);
  if (!cell) return void askStandIn(pid, what, Array.from(arguments).slice(2));
  const { runtime } = cell;
  if (runtime === undefined) return;
  if (typeof what === 'function') runtime.submit(cell, what, cell.process, true);
  else if (arguments.length === 3) runtime.submit(cell, what, argument, true);
  else runtime.submit(cell, what, packed(Array.from(arguments).slice(2)), true);
}

/** An object that stands in for a PID is asked directly. */
export function askStandIn(pid: object, what: unknown, args: readonly unknown[]): unknown {
  if (typeof what === 'function') return (what as (process: object) => unknown)(pid);
  const standIn = pid as Record<string, (...args: readonly unknown[]) => unknown>;
  const name = what as string;
  if (typeof standIn[name] !== 'function') return Future.failed(noSuchMethod(String(standIn['id']), name));
  return standIn[name](...args);
}
