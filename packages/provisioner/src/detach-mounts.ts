import type { Files, MountEntry, Mounts } from '@keelson/os/ports';
import { Future } from '@keelson/process';

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
  return realPath(files, path).then((target) => {
    if (target === undefined) return [];
    return mounts.list().then((table) => table.filter((entry) => entry.target === target));
  });
}

/** As the mount table spells it, whatever links lead to the provisioner's folder (T15). */
function realPath(files: Files, path: string): Future<string | undefined> {
  return files.status(path).then((present) => (present ? files.realPath(path) : undefined));
}
