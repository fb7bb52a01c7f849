import type { Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { Deferred } from '@keelson/process';

/**
 * Makes what was written so far durable (syncfs), once for all who ask meanwhile: who asks while one is under way
 * waits for the next, which begins after everything of theirs was written.
 */
export class GroupedSync {
  #waiting: Deferred<void> | undefined;
  #running = false;

  /** @param path  a directory of the file system in question, which stays */
  constructor(
    private readonly files: Files,
    private readonly path: string,
  ) {}

  /** Discarding the answer gives up this interest alone. */
  sync(): Future<void> {
    const { future } = (this.#waiting ??= new Deferred<void>());
    if (!this.#running) this.#start();
    return future.undiscardable();
  }

  #start(): void {
    const served = this.#waiting;
    if (served === undefined) return;
    this.#waiting = undefined;
    this.#running = true;
    const ended = this.files.syncFileSystem(this.path);
    ended.onAny(() => {
      this.#running = false;
      this.#start();
    });
    served.set(ended);
  }
}
