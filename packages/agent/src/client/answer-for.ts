import type { Future } from '@keelson/process';

/** Awaits what is asked for a client; when that is gone the request is discarded. */
export async function answerFor<T>(gone: AbortSignal, future: Future<T>): Promise<T> {
  const discard = (): void => void future.discard();
  gone.addEventListener('abort', discard, { once: true });
  try {
    if (gone.aborted) discard();
    return await future;
  } finally {
    gone.removeEventListener('abort', discard);
  }
}
