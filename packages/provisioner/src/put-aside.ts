import type { Files } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import type { Executor, Unwrap } from '@keelson/process';
import { after, Future } from '@keelson/process';
import { reasonOf } from './provisioner-error.js';
import { removeTree } from './remove-tree.js';
import { retryPauseMs } from './retry-pause.js';

/** Folders of this name hold what is left of something that is known no more. No container has such a name. */
export const removedPrefix = '.removed-';

/** Where the folder at `path` is put aside: beside itself. Pure text. */
export function putAsidePath(path: string): string {
  const slash = path.lastIndexOf('/');
  return `${path.slice(0, slash + 1)}${removedPrefix}${path.slice(slash + 1)}`;
}

/**
 * Takes the folder at `path` away in one step, so that nobody who reads without a lock finds half of it. A missing one
 * is success. What it held is at `putAsidePath(path)` until `removeLeftover` has removed it.
 *
 * @throws FileError
 */
export function putAside(path: string, files: Files, executor: Executor): Future<void> {
  const aside = putAsidePath(path);
  return files.rename(path, aside).repair((failed) => {
    const failure = failed.failure();
    const code = failure instanceof FileError ? failure.code : undefined;
    if (code === 'ENOENT') return Future.ready(undefined);
    // What is in the way was left by an earlier removal that could not finish.
    const occupied = code === 'ENOTEMPTY' || code === 'EEXIST';
    return occupied ? removeTree(executor, aside).then(() => files.rename(path, aside)) : failed;
  });
}

export interface LeftoverRemoval {
  readonly executor: Executor;
  /** Makes a continuation run in the turn of the actor whose leftovers they are. */
  readonly turn: <A extends unknown[], R>(f: (...args: A) => R) => (...args: A) => Future<Unwrap<R>>;
  /** Told each time one could not be removed, one sentence. */
  readonly warn: (why: string) => void;
}

/**
 * Removes what was put aside. Nobody else will ask for it again: never fails, answers after one attempt, and goes on in
 * the background until it is gone.
 */
export function removeLeftover(path: string, removal: LeftoverRemoval, retries = 0): Future<unknown> {
  const { executor, turn, warn } = removal;
  return removeTree(executor, path, { background: true }).repair(
    turn((failed: Future<unknown>) => {
      warn(`Cannot remove '${path}': ${reasonOf(failed.failure())}`);
      after(retryPauseMs(retries)).then(turn(() => void removeLeftover(path, removal, retries + 1)));
    }),
  );
}
