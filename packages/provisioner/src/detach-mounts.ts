import type { Files, MountEntry, Mounts } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { collect, Future } from '@keelson/process';

/**
 * Takes off whatever is mounted at `target` itself, however often: mounts may be stacked there. True if
 * something was.
 *
 * Lazily (MNT_DETACH): a straggler with a file open must not fail the destruction.
 */
export function detachMounts(files: Files, mounts: Mounts, path: string): Future<boolean> {
  return mountsAt(files, mounts, path).then((stacked) =>
    stacked
      .reduce<Future<unknown>>(
        // Each unmount takes the upper-most off.
        (before, { target }) => before.then(() => mounts.unmount(target, { lazy: true })),
        Future.ready(undefined),
      )
      .then(() => stacked.length > 0),
  );
}

/** What is mounted at `path` itself. */
export function mountsAt(files: Files, mounts: Mounts, path: string): Future<readonly MountEntry[]> {
  return collect([realPath(files, path), mounts.list()]).then(([target, table]) =>
    target === undefined ? [] : table.filter((entry) => entry.target === target),
  );
}

/** As the mount table spells it, whatever links lead to the provisioner's folder (T15), if it is there. */
function realPath(files: Files, path: string): Future<string | undefined> {
  const found: Future<string | undefined> = files.realPath(path).then((real) => real);
  return found.repair((failed) => {
    const error = failed.failure();
    return error instanceof FileError && error.code === 'ENOENT' ? undefined : failed;
  });
}
