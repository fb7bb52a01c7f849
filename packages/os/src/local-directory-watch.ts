import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { Deferred, Future } from '@keelson/process';
import type { DirectoryWatch } from './ports/files.js';

/** Watches by inotify(7); `undefined` where that cannot be. Does not keep this process alive. */
export function watchDirectory(directory: string): DirectoryWatch | undefined {
  try {
    return new LocalDirectoryWatch((changed) => watch(directory, { persistent: false }, changed));
  } catch {
    return undefined;
  }
}

class LocalDirectoryWatch implements DirectoryWatch {
  readonly #watcher: FSWatcher;
  #hasChanged = false;
  #waiting: Deferred<void> | undefined;

  constructor(start: (changed: () => void) => FSWatcher) {
    this.#watcher = start(() => this.#change());
    this.#watcher.on('error', () => this.#change());
  }

  changed(): Future<void> {
    if (this.#hasChanged) {
      this.#hasChanged = false;
      return Future.ready(undefined);
    }
    this.#waiting ??= new Deferred<void>();
    return this.#waiting.future;
  }

  close(): void {
    this.#watcher.close();
  }

  #change(): void {
    this.#hasChanged = this.#waiting === undefined;
    this.#waiting?.set(undefined);
    this.#waiting = undefined;
  }
}
