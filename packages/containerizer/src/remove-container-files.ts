import { FileError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { collect } from '@keelson/process';
import type { ContainerId, LeftoverRemoval } from '@keelson/provisioner';
import { putAside, removedPrefix, removeLeftover, removeTree } from '@keelson/provisioner';
import type { ContainerizerContext } from './containerizer-context.js';
import { messageOf } from './containerizer-error.js';

type Context = Pick<ContainerizerContext, 'paths' | 'files' | 'executor' | 'logger' | 'turn'>;

/**
 * Takes a container's runtime folder and sandbox away, with those of what is nested in it. Missing ones are
 * success. Answers when nobody knows of them any more; the bytes follow: tried again until they are gone, after a
 * crash with the next start.
 *
 * The sandbox moves into the runtime folder, for while that is there the next start still knows of the
 * container; then both go in one step, so that nobody who reads without a lock finds half a record. That step is
 * durable when this answers: what was destroyed does not come back with the power.
 */
export function removeContainerFiles(context: Context, id: ContainerId): Future<unknown> {
  const { paths, files, executor } = context;
  return files
    .rename(paths.sandbox(id), `${paths.container(id)}/sandbox`)
    .repair(() => removeTree(executor, paths.sandbox(id)).then(() => undefined))
    .then(() => putAside(paths.container(id), files, executor))
    .then(() => files.syncDirectory(paths.folder(id)).repair(ignoreMissing))
    .then(() => void removeLeftover(paths.removed(id), leftoversOf(context)));
}

/**
 * Finishes the removals that a crash interrupted, among the top-level containers and those nested in `parents`.
 * Never fails: what cannot be removed now is tried again later.
 */
export function finishRemovals(context: Context, parents: readonly ContainerId[]): Future<unknown> {
  const { paths, files, logger } = context;
  const folders = [paths.containers, ...parents.map((parent) => paths.children(parent))];
  return collect(
    folders.map((folder) =>
      files
        .list(folder)
        .repair((failed) => {
          const failure = failed.failure();
          if (codeOf(failure) !== 'ENOENT') logger.warn(`Cannot look for removals to finish: ${messageOf(failure)}`);
          return [];
        })
        .then((entries) => entries.filter(({ name }) => name.startsWith(removedPrefix)))
        .then((left) => collect(left.map(({ name }) => removeLeftover(`${folder}/${name}`, leftoversOf(context))))),
    ),
  );
}

function leftoversOf({ executor, turn, logger }: Context): LeftoverRemoval {
  return { executor, turn, warn: (why) => logger.warn(why) };
}

function ignoreMissing(failed: Future<void>): void {
  const failure = failed.failure();
  if (codeOf(failure) !== 'ENOENT') throw failure;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof FileError ? error.code : undefined;
}
