import { FileError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { after, collect, Future as Futures } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { removedPrefix } from './container-paths.js';
import type { ContainerizerContext } from './containerizer-context.js';
import { messageOf } from './containerizer-error.js';
import { retryPauseMs } from './retry-pause.js';

type Context = Pick<ContainerizerContext, 'paths' | 'files' | 'executor' | 'logger' | 'turn'>;

/**
 * Takes a container's runtime folder and sandbox away, with those of what is nested in it. Missing ones are
 * success. Answers when nobody knows of them any more; the bytes follow: tried again until they are gone, after a
 * crash with the next start.
 *
 * The sandbox moves into the runtime folder, for while that is there the next start still knows of the
 * container; then both go in one step, so that nobody who reads without a lock finds half a record.
 */
export function removeContainerFiles(context: Context, id: ContainerId): Future<unknown> {
  const { paths, files } = context;
  const removed = paths.removed(id);
  const moved = (): Future<void> => files.rename(paths.container(id), removed);
  return files
    .rename(paths.sandbox(id), `${paths.container(id)}/sandbox`)
    .repair(() => removeTree(context, paths.sandbox(id)).then(() => undefined))
    .then(() => moved().repair((failed) => retry(failed.failure())))
    .then(() => void removeLeftover(context, removed));

  /** What is in the way was left by an earlier removal that could not finish. */
  function retry(error: Error): Future<void> {
    const code = codeOf(error);
    if (code === 'ENOENT') return Futures.ready(undefined);
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return removeTree(context, removed).then(moved);
    return Futures.failed(error);
  }
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
        .then((left) => collect(left.map(({ name }) => removeLeftover(context, `${folder}/${name}`)))),
    ),
  );
}

/** Nobody else will ask for it again: answers after one attempt, and goes on in the background until it is gone. */
function removeLeftover(context: Context, path: string, retries = 0): Future<unknown> {
  const { logger, turn } = context;
  return removeTree(context, path).repair(
    turn((failed: Future<unknown>) => {
      logger.warn(`Cannot remove '${path}': ${messageOf(failed.failure())}`);
      after(retryPauseMs(retries)).then(turn(() => void removeLeftover(context, path, retries + 1)));
    }),
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof FileError ? error.code : undefined;
}

function removeTree({ executor }: Context, path: string): Future<unknown> {
  return executor.execute({ name: 'os.remove-tree', input: { path } });
}
