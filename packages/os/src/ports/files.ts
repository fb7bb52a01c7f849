import type { Future } from '@keelson/process';

/** Names of unfinished files begin so; recovery removes what a crash left of them. */
export const TEMPORARY_PREFIX = '.tmp-';

export type FileKind = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket';

export interface DirectoryEntry {
  readonly name: string;
  readonly kind: FileKind;
}

/** What `lstat` tells; `device` and `inode` identify the file, `allocatedBytes` is what the disk gave it. */
export interface FileStatus {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly mode: number;
  readonly device: number;
  readonly inode: number;
  readonly linkCount: number;
  readonly userId: number;
  readonly groupId: number;
  readonly modifiedAtMs: number;
}

/** What a new directory is given; without `owner` it is ours. */
export interface NewDirectoryOptions {
  readonly mode?: number;
  readonly owner?: { readonly userId: number; readonly groupId: number };
}

/** A part of a file. */
export interface FileSlice {
  /** Of its first byte. */
  readonly position: number;
  readonly sizeBytes: number;
}

/** Space of the file system that holds a path, in bytes. */
export interface FileSystemSpace {
  readonly totalBytes: number;
  readonly freeBytes: number;
}

/**
 * The files an actor may touch. Every call answers at once with a Future and never blocks a mailbox.
 *
 * Failures are `FileError`s whose `code` is the errno name (`ENOENT`, `ENOSPC`, …). Nothing here follows a
 * symbolic link in the last component. Bulk work on whole trees (unpack, copy, remove) is not here: it runs
 * in the `Executor`.
 */
export interface Files {
  /**
   * The whole file, at most `maxBytes` (default 64 MiB) or FileError EFBIG; with `slice` that part of it, or
   * FileError ENODATA where the file is shorter.
   */
  read(path: string, options?: { maxBytes?: number; slice?: FileSlice }): Future<Uint8Array>;
  /**
   * Replaces `path` atomically and durably: temporary file beside it, write, fsync, rename, fsync of the
   * folder.
   */
  writeDurably(path: string, content: Uint8Array, options?: { mode?: number }): Future<void>;
  /** Writes the whole file in place, and creates it (0600). Neither atomic nor durable: for what no crash outlives. */
  write(path: string, content: Uint8Array, options?: { mode?: number }): Future<void>;
  /** Appends and makes the append durable (fdatasync). Creates the file. */
  appendDurably(path: string, content: Uint8Array): Future<void>;
  /** Creates the directory and its missing parents; an existing directory is success. */
  makeDirectory(path: string, options?: { mode?: number }): Future<void>;
  /** Creates exactly this directory, with exactly this mode whatever the umask; EEXIST when something is there. */
  makeNewDirectory(path: string, options?: NewDirectoryOptions): Future<void>;
  /** Entries in no particular order; ENOENT when the directory is missing. */
  list(path: string): Future<readonly DirectoryEntry[]>;
  /** `undefined` when nothing is there. */
  status(path: string): Future<FileStatus | undefined>;
  /** Atomic rename within one file system. */
  rename(from: string, to: string): Future<void>;
  /** Removes one file or link; a missing one is success. */
  remove(path: string): Future<void>;
  /** Removes one empty directory; a missing one is success. */
  removeDirectory(path: string): Future<void>;
  makeSymlink(target: string, path: string): Future<void>;
  readSymlink(path: string): Future<string>;
  /** The path with every link resolved; ENOENT when it is missing. */
  realPath(path: string): Future<string>;
  /** Makes the entries of a directory durable (fsync of the directory). */
  syncDirectory(path: string): Future<void>;
  /** Makes everything below the file system of `path` durable (syncfs). */
  syncFileSystem(path: string): Future<void>;
  space(path: string): Future<FileSystemSpace>;
}

/** Files that several may write at once, because every byte has its place: a log that is copied. */
export interface PositionedFiles {
  /** Writes at `position`, and creates the file (0600). Not durable. A link is not followed (ELOOP). */
  writeAt(path: string, content: Uint8Array, position: number): Future<void>;
}

/** Files that tell when they change. */
export interface WatchedFiles {
  /**
   * Watches one file of a directory, there already or not, from now on until it is closed; `undefined` where there is
   * no such directory or no watch left. Some file systems never tell, so who waits looks every now and then all the
   * same.
   */
  watch(path: string): FileWatch | undefined;
}

export interface FileWatch {
  /** Ready when the file has appeared, changed or gone since it was last ready, and sometimes for nothing. */
  changed(): Future<void>;
  close(): void;
}

/** Why a file operation failed. `code` is the errno name, `syscall` what was attempted on `path`. */
export class FileError extends Error {
  override readonly name = 'FileError';
  constructor(
    readonly code: string,
    readonly syscall: string,
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
