import type { Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { StoreError } from '../store-error.js';

/** The folder of a layout and what was asked for in it. */
export interface LayoutLocation {
  /** With every link resolved. */
  readonly folder: string;
  readonly selection?: string;
}

/**
 * Splits `PATH[:NAME]` where PATH is the longest prefix that exists: both parts may hold colons, so only the
 * disk can tell where one ends.
 *
 * @throws StoreError IMAGE_NOT_FOUND  no prefix is there
 */
export function findLayout(files: Files, text: string): Future<LayoutLocation> {
  const ends = [text.length, ...[...text.matchAll(/:/g)].map((found) => found.index).toReversed()].filter(
    (end) => end > 0,
  );
  const tryNext = (at: number): Future<LayoutLocation> => {
    const end = ends[at];
    if (end === undefined) throw new StoreError('IMAGE_NOT_FOUND', `there is no layout folder at ${text}`);
    const path = text.slice(0, end);
    const selection = text.slice(end + 1);
    return files.status(path).then((status): LayoutLocation | Future<LayoutLocation> => {
      if (!status) return tryNext(at + 1);
      return files.realPath(path).then((folder) => ({ folder, ...(selection === '' ? {} : { selection }) }));
    });
  };
  return tryNext(0);
}
