import type { Future } from '@keelson/process';

/** A held lock file. The kernel drops it when the holder dies, however it dies. */
export interface HeldFileLock {
  release(): void;
}

/** Exclusive advisory locks on files (flock), to keep two owners off one store. */
export interface FileLocks {
  /**
   * Tries once. Answers the held lock, or the pid its present owner wrote into it (0 if unreadable). Never
   * waits: who wants to wait asks again.
   */
  tryAcquire(path: string): Future<HeldFileLock | { readonly ownerPid: number }>;
}
