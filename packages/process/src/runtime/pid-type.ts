import type { Future } from '../future/future.js';

/** Members of every process that are no requests. */
export type BaseName =
  | 'self'
  | 'id'
  | 'then'
  | 'constructor'
  | 'initialize'
  | 'finalize'
  | 'exited'
  | 'link'
  | 'send'
  | 'install'
  | 'delegate'
  | 'route';

/** What a future of `R` resolves to: futures and native promises are flattened. */
export type Unwrap<R> = R extends PromiseLike<infer T> ? T : R;

/**
 * The public methods of a process, as its PID offers them: each enqueues and answers a Future. Homomorphic,
 * so hover texts, go-to-definition and rename reach the class.
 */
export type Methods<P> = {
  readonly [K in Exclude<keyof P, BaseName> as P[K] extends (...args: never[]) => unknown ? K : never]: P[K] extends (
    ...args: infer A
  ) => infer R
    ? (...args: A) => Future<Unwrap<R>>
    : never;
};

/**
 * The address of a process and, in one, its typed interface: `store.get(x)` puts a request into the mailbox
 * and answers its Future. Structural, so an object with the same methods can stand in for one.
 */
export type PID<P> = { readonly id: string } & Methods<P>;
