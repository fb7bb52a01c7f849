import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { toFileError } from '../file-error.js';
import { parseMountInfo } from '../mountinfo.js';
import { tellsEntryTypes } from '../system-calls/directory-descriptors.js';

export interface ProbedDirectory {
  readonly type: string;
  readonly entryTypes: boolean;
}

/**
 * Job `os.probe-directory`: which file system holds a directory, and whether readdir tells entry types there.
 */
export default function probeDirectory({ path }: { readonly path: string }): ProbedDirectory {
  try {
    return { type: fileSystemType(path), entryTypes: tellsEntryTypes(path) ?? tellsTypeOfNewEntry(path) };
  } catch (error) {
    throw toFileError(error, 'probe', path);
  }
}

/**
 * By the id of the mount: the longest matching target would be wrong where mounts lie on top of each other.
 */
function fileSystemType(path: string): string {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const id = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
    const mounts = parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
    return mounts.find((mount) => mount.id === Number(id))?.type ?? 'unknown';
  } finally {
    closeSync(descriptor);
  }
}

/** An empty directory shows nothing (`.` does not count: XFS knows its type always), so it gets an entry. */
function tellsTypeOfNewEntry(path: string): boolean {
  const entry = mkdtempSync(join(path, '.tmp-probe-'));
  try {
    return tellsEntryTypes(path) ?? true;
  } finally {
    rmdirSync(entry);
  }
}
