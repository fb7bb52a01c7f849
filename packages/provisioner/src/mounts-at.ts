import type { Files, MountEntry, Mounts } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { collect } from '@keelson/process';

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
