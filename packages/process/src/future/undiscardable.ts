import { Future } from './future.js';

/**
 * A future with the same outcome through which no discard request passes; or a function whose answers are
 * such. For work that several callers share: one that loses interest must not stop it for the others.
 */
export function undiscardable<T>(future: Future<T>): Future<T>;
export function undiscardable<A extends unknown[], T>(f: (...args: A) => Future<T>): (...args: A) => Future<T>;
export function undiscardable<A extends unknown[], T>(
  target: Future<T> | ((...args: A) => Future<T>),
): Future<T> | ((...args: A) => Future<T>) {
  if (target instanceof Future) return target.undiscardable();
  return (...args) => target(...args).undiscardable();
}
