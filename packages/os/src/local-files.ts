import { constants, type Dirent, type Stats } from 'node:fs';
import { type FileHandle, open, readdir, realpath, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Future } from '@keelson/process';
import fs from 'fs-extra';
import { fileError, toFileError } from './file-error.js';
import { watchFile } from './local-file-watch.js';
import { DIRECTORY, READ, WRITE } from './open-flags.js';
import { readFileAtMost } from './read-file.js';
import { replaceFileDurably, syncDirectory, writeFile } from './write-file.js';
import type {
  DirectoryEntry,
  FileKind,
  FileSlice,
  FileStatus,
  FileSystemSpace,
  Files,
  FileWatch,
  NewDirectoryOptions,
  PositionedFiles,
  WatchedFiles,
} from './ports/files.js';
import { syncFileSystem } from './system-calls/special-files.js';

/**
 * The files of this machine. Operations on one path are not ordered among each other: who needs an order
 * waits for the first. Writing needs no cleaning up after an error; after a crash a `.tmp-…` may be left.
 */
export class LocalFiles implements Files, PositionedFiles, WatchedFiles {
  read(
    path: string,
    { maxBytes = 64 * 1024 ** 2, slice }: { maxBytes?: number; slice?: FileSlice } = {},
  ): Future<Uint8Array> {
    return attempt('read', path, () =>
      slice
        ? withFile(path, READ, (file) => readSlice(file, path, maxBytes, slice))
        : readFileAtMost(path, maxBytes),
    );
  }

  writeDurably(path: string, content: Uint8Array, { mode = 0o600 }: { mode?: number } = {}): Future<void> {
    return attempt('write', path, () => replaceFileDurably(path, content, mode));
  }

  write(path: string, content: Uint8Array, { mode = 0o600 }: { mode?: number } = {}): Future<void> {
    return attempt('write', path, () => writeFile(path, content, mode));
  }

  appendDurably(path: string, content: Uint8Array): Future<void> {
    return attempt('append', path, () =>
      withFile(path, APPEND, async (file) => {
        const created = (await file.stat()).size === 0;
        await file.appendFile(content);
        await file.datasync();
        if (created) await syncDirectory(dirname(path));
      }),
    );
  }

  writeAt(path: string, content: Uint8Array, position: number): Future<void> {
    return attempt('write', path, () =>
      withFile(path, WRITE, async (file) => {
        for (let written = 0; written < content.length;) {
          const { bytesWritten } = await file.write(content, written, content.length - written, position + written);
          written += bytesWritten;
        }
      }),
    );
  }

  watch(path: string): FileWatch | undefined {
    return watchFile(path);
  }

  makeDirectory(path: string, options: { mode?: number } = {}): Future<void> {
    return attempt('mkdir', path, () => makeDirectories(path, options.mode ?? 0o777));
  }

  makeNewDirectory(path: string, { mode, owner }: NewDirectoryOptions = {}): Future<void> {
    return attempt('mkdir', path, async () => {
      await fs.mkdir(path, mode ?? 0o777);
      // Before the mode: a change of owner takes setgid away.
      if (owner) await fs.lchown(path, owner.userId, owner.groupId);
      if (mode !== undefined) await fs.chmod(path, mode);
    });
  }

  list(path: string): Future<readonly DirectoryEntry[]> {
    return attempt('readdir', path, () =>
      withFile(path, DIRECTORY, async (directory) => {
        // Through the descriptor: a link put in place of the directory meanwhile is not followed.
        const entries = await readdir(`/proc/self/fd/${directory.fd}`, { withFileTypes: true });
        return entries.map((entry) => ({ name: entry.name, kind: kindOf(entry) }));
      }),
    );
  }

  status(path: string): Future<FileStatus | undefined> {
    return attempt('lstat', path, () => unlessMissing(fs.lstat(path).then(fileStatus)));
  }

  rename(from: string, to: string): Future<void> {
    return attempt('rename', from, () => fs.rename(from, to));
  }

  remove(path: string): Future<void> {
    return attempt('unlink', path, () => unlessMissing(fs.unlink(path)));
  }

  removeDirectory(path: string): Future<void> {
    return attempt('rmdir', path, () => unlessMissing(fs.rmdir(path)));
  }

  makeSymlink(target: string, path: string): Future<void> {
    return attempt('symlink', path, () => fs.symlink(target, path));
  }

  readSymlink(path: string): Future<string> {
    return attempt('readlink', path, () => fs.readlink(path));
  }

  realPath(path: string): Future<string> {
    return attempt('realpath', path, () => realpath(path));
  }

  syncDirectory(path: string): Future<void> {
    return attempt('fsync', path, () => syncDirectory(path));
  }

  syncFileSystem(path: string): Future<void> {
    return attempt('syncfs', path, () => withFile(path, READ, (file) => syncFileSystem(file.fd, path)));
  }

  space(path: string): Future<FileSystemSpace> {
    return attempt('statfs', path, async () => {
      const { bsize, blocks, bavail } = await statfs(path);
      return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
    });
  }
}

const APPEND = WRITE | constants.O_APPEND;

/** The one place where promises become futures, and what they reject with becomes a FileError. */
function attempt<T>(syscall: string, path: string, operation: () => Promise<T>): Future<T> {
  return Future.from(
    operation().catch((error: unknown) => {
      throw toFileError(error, syscall, path);
    }),
  );
}

async function unlessMissing<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function withFile<T>(path: string, flags: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o600);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/**
 * Node's own recursive mkdir is one turn of the thread pool, but reports ENOENT for whatever it does not foresee: a
 * disk that is full or read-only, an input/output error. So what fails is done again a step at a time, for its reason.
 */
function makeDirectories(path: string, mode: number): Promise<void> {
  return fs.mkdir(path, { recursive: true, mode }).then(() => {}, () => makeEachDirectory(path, mode));
}

async function makeEachDirectory(path: string, mode: number): Promise<void> {
  try {
    await fs.mkdir(path, mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await fs.stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeEachDirectory(dirname(path), mode);
    await makeEachDirectory(path, mode);
  }
}

async function readSlice(
  file: FileHandle,
  path: string,
  maxBytes: number,
  { position, sizeBytes }: FileSlice,
): Promise<Uint8Array> {
  if (sizeBytes > maxBytes) throw fileError('EFBIG', 'read', path, `${sizeBytes} bytes of it, over ${maxBytes}`);
  const bytes = Buffer.alloc(sizeBytes);
  for (let read = 0; read < sizeBytes;) {
    const { bytesRead } = await file.read(bytes, read, sizeBytes - read, position + read);
    if (bytesRead === 0) throw fileError('ENODATA', 'read', path, `it ends before byte ${position + sizeBytes}`);
    read += bytesRead;
  }
  return bytes;
}

function fileStatus(stats: Stats): FileStatus {
  return {
    kind: kindOf(stats),
    sizeBytes: stats.size,
    allocatedBytes: stats.blocks * 512,
    mode: stats.mode & 0o7777,
    device: stats.dev,
    inode: stats.ino,
    linkCount: stats.nlink,
    userId: stats.uid,
    groupId: stats.gid,
    modifiedAtMs: stats.mtimeMs,
  };
}

function kindOf(file: Stats | Dirent): FileKind {
  if (file.isFile()) return 'file';
  if (file.isDirectory()) return 'directory';
  if (file.isSymbolicLink()) return 'symlink';
  if (file.isCharacterDevice()) return 'character';
  if (file.isBlockDevice()) return 'block';
  return file.isFIFO() ? 'fifo' : 'socket';
}
