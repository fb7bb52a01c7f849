import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Deferred, Future } from '@keelson/process';
import type { FileWatch } from './ports/files.js';

/** Watches by inotify(7); `undefined` where that cannot be. Does not keep this process alive. */
export function watchFile(path: string): FileWatch | undefined {
  try {
    return new LocalFileWatch(path);
  } catch {
    return undefined;
  }
}

/** Watches the folder, because the file may not be there yet, or be replaced by a rename. */
class LocalFileWatch implements FileWatch {
  readonly #watcher: FSWatcher;
  #hasChanged = false;
  #waiting: Deferred<void> | undefined;

  constructor(path: string) {
    const name = basename(path);
    this.#watcher = watch(dirname(path), { persistent: false }, (_, changed) => {
      if (changed === null || changed === name) this.#change();
    });
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
