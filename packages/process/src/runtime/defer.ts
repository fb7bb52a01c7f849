import type { FutureCore } from '../future/future-core.js';
import type { Future } from '../future/future.js';
import { DEFERRED } from '../future/deferred-call.js';
import type { DeferredCall } from '../future/deferred-call.js';
import { abandon } from '../future/settlement.js';
import { Cell } from './cell.js';
import { askStandIn } from './dispatch.js';
import type { ArgumentsOf, RequestOf } from './dispatch.js';
import { Arguments, packed } from './events.js';
import type { PID, Unwrap } from './pid-type.js';
import { Pid, request } from './pid.js';
import { Process } from './process.js';
import type { AnyProcess } from './process.js';

/** The arguments left to pass when the first ones are bound. */
export type RestOf<A extends unknown[], B extends unknown[]> = A extends [...B, ...infer R] ? R : never;

/**
 * A function that, when called, puts a call into the mailbox of `process` (or of whom a PID names), with
 * `bound` arguments first: how a continuation hops back into the actor it belongs to. Always enters, even
 * where mailboxes are bounded.
 *
 * Given to `then` it costs one object: the future made there becomes the message. If the process is gone by
 * then, the result is abandoned.
 *
 * @example
 * return this.metadata.get(reference).then(defer(this, this.#pullUnlessKnown, reference));
 */
export function defer<A extends unknown[], B extends unknown[], R>(
  process: AnyProcess | PID<unknown>,
  f: (...args: [...B, ...A]) => R,
  ...bound: B
): (...args: A) => Future<Unwrap<R>>;
export function defer<T extends { readonly id: string }, K extends RequestOf<T>, B extends unknown[]>(
  pid: T,
  method: K,
  ...bound: B
): (...args: RestOf<ArgumentsOf<T, K>, B>) => Future<T[K] extends (...args: never[]) => infer R ? Unwrap<R> : never>;
export function defer(target: object, what: unknown): (...args: unknown[]) => unknown {
  if (arguments.length > 2) return deferred(target, what, Array.from(arguments).slice(2));
  // The same continuation over and over is the common case: it is made once.
  const ties = target instanceof Process ? Process.cellOf(target).tied() : undefined;
  if (ties === undefined) return deferred(target, what, NOTHING);
  if (ties.continuation?.what !== what) ties.continuation = { what, callable: deferred(target, what, NOTHING) };
  return ties.continuation!.callable;
}

function deferred(target: object, what: unknown, bound: readonly unknown[]): (...args: unknown[]) => unknown {
  const to = target instanceof Process ? Process.cellOf(target) : (target as Pid);
  if (!(to instanceof Cell) && !Pid.cellOf(to)) {
    return (...args) => askStandIn(target, what, [...bound, ...args]);
  }
  const call = new BoundCall(to, what, bound);
  const callable = (...args: unknown[]): unknown => call.request(args);
  (callable as { [DEFERRED]?: DeferredCall })[DEFERRED] = call;
  return callable;
}

const NOTHING: readonly unknown[] = [];

class BoundCall implements DeferredCall {
  /** Known from the start where a process was given; a PID may come to mean a later incarnation. */
  readonly #cell: Cell | undefined;

  constructor(
    private readonly to: Cell | Pid,
    private readonly what: unknown,
    private readonly bound: readonly unknown[],
  ) {
    this.#cell = to instanceof Cell ? to : undefined;
  }

  enqueue(future: FutureCore<unknown>, value: unknown): void {
    const cell = this.#cell ?? Pid.cellOf(this.to)!;
    const { runtime } = cell;
    if (runtime === undefined) return void abandon(future);
    future.value = this.what;
    const { bound } = this;
    runtime.submit(cell, future, bound.length === 0 ? value : new Arguments([...bound, value]), false);
  }

  request(args: readonly unknown[]): Future<unknown> {
    const all = this.bound.length === 0 ? args : [...this.bound, ...args];
    return request(this.#cell ?? Pid.cellOf(this.to)!, this.what, packed(all), false);
  }
}
