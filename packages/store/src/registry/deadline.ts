import { Deferred } from '@keelson/process';
import type { Future } from '@keelson/process';

/**
 * `work`, given up when it takes longer than that: a server that sends a byte now and then is never idle, and
 * would hold a request for ever.
 *
 * @param pause  ready after that many milliseconds
 * @param late   what it then fails with
 */
export function within<T>(
  work: Future<T>,
  limitMs: number,
  pause: (ms: number) => Future<void>,
  late: () => Error,
): Future<T> {
  if (!work.isPending()) return work;
  const answer = new Deferred<T>();
  let isLate = false;
  const timer = pause(limitMs);
  timer.onReady(() => {
    isLate = work.isPending();
    if (isLate) work.discard();
  });
  work
    .onReady((value) => answer.set(value))
    .onFailed((error) => answer.fail(isLate ? late() : error))
    .onDiscarded(() => (isLate ? answer.fail(late()) : answer.discard()))
    .onAny(() => timer.discard());
  work.onAbandoned(() => answer.abandon());
  answer.future.onDiscard(() => work.discard());
  return answer.future;
}
