import { Future } from '@keelson/process';
import { gather } from './gather.js';

/**
 * Applies `step` to every item, at most `width` at a time, and answers the results in order.
 * Fails with the first failure, after which no further batch starts.
 */
export function inBatches<T, R>(
  items: readonly T[],
  width: number,
  step: (item: T) => Future<R>,
): Future<readonly R[]> {
  const results: R[] = [];
  const next = (from: number): Future<readonly R[]> => {
    if (from >= items.length) return Future.ready(results as readonly R[]);
    return gather(items.slice(from, from + width).map(step)).then((batch) => {
      results.push(...batch);
      return next(from + width);
    });
  };
  return next(0);
}
