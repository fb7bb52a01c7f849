import type { Future } from '@keelson/process';
import { Deferred } from '@keelson/process';

/**
 * The values of all `futures`, in order.
 *
 * Other than `collect`, the first failure discards the rest, and the answer comes when all have ended: who
 * cleans up after it finds nobody still at work. It fails with that first failure as it was raised. A discard
 * is passed on to all.
 */
export function gather<T>(futures: readonly Future<T>[]): Future<readonly T[]> {
  const all = new Deferred<readonly T[]>();
  let pending = futures.length;
  let failure: Error | undefined;
  const discardAll = (): void => {
    for (const future of futures) future.discard();
  };
  const end = (): void => {
    if (pending > 0) return;
    if (failure) all.fail(failure);
    else if (futures.some((future) => future.isDiscarded())) all.discard();
    else all.set(futures.map((future) => future.get()));
  };

  for (const future of futures) {
    future.onAny(() => {
      pending -= 1;
      if (!future.isReady()) {
        if (future.isFailed()) failure ??= future.failure();
        discardAll();
      }
      end();
    });
    future.onAbandoned(() => all.abandon());
  }
  all.future.onDiscard(discardAll);
  if (futures.length === 0) end();
  return all.future;
}
