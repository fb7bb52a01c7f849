import type { Files, FileStatus } from '@keelson/os/ports';
import type { Future } from '@keelson/process';

/** What it takes to look around in the root filesystem of a container. */
export type TreeReader = Pick<Files, 'status' | 'readSymlink' | 'read'>;

/**
 * Reads through `files`, but asks for the status of each path once: resolving the names of one launch passes the same
 * directories again and again. For a tree that nobody changes meanwhile, as before its container runs.
 */
export function remembering(files: TreeReader): TreeReader {
  const known = new Map<string, Future<FileStatus | undefined>>();
  return {
    status: (path) => {
      const asked = known.get(path) ?? files.status(path);
      known.set(path, asked);
      return asked;
    },
    readSymlink: (path) => files.readSymlink(path),
    read: (path, options) => files.read(path, options),
  };
}
