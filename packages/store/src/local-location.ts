import type { FileKind, Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { StoreError } from './store-error.js';

/** A file or folder that holds images, and what was asked for in it. */
export interface LocalLocation {
  /** With every link resolved. */
  readonly path: string;
  readonly kind: FileKind;
  readonly selection?: string;
}

/**
 * Splits `PATH[:NAME]` where PATH is the longest prefix that exists: both parts may hold colons, so only the
 * disk can tell where one ends.
 *
 * @throws StoreError IMAGE_NOT_FOUND  no prefix is there
 */
export function findLocal(files: Files, text: string): Future<LocalLocation> {
  const ends = [text.length, ...[...text.matchAll(/:/g)].map((found) => found.index).toReversed()].filter(
    (end) => end > 0,
  );
  const tryNext = (at: number): Future<LocalLocation> => {
    const end = ends[at];
    if (end === undefined) throw new StoreError('IMAGE_NOT_FOUND', `there is no file or folder at ${text}`);
    const path = text.slice(0, end);
    const selection = text.slice(end + 1);
    return files.status(path).then((found): LocalLocation | Future<LocalLocation> => {
      if (!found) return tryNext(at + 1);
      return files.realPath(path).then((real) =>
        files.status(real).then((status) => ({
          path: real,
          kind: status?.kind ?? found.kind,
          ...(selection === '' ? {} : { selection }),
        })),
      );
    });
  };
  return tryNext(0);
}

/** The last component, for names that are made of it. */
export function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
