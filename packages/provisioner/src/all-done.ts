import type { Future } from '@keelson/process';
import { awaitAll } from '@keelson/process';

/** Answers once none is at work any more: whoever removes what a failed one began must not be overtaken by another. */
export function allDone(works: readonly Future<unknown>[]): Future<void> {
  return awaitAll(works).then((outcomes): Future<never> | undefined => {
    const failed = outcomes.find((outcome) => !outcome.isReady());
    return failed as Future<never> | undefined;
  });
}
