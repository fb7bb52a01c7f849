import { constants } from 'node:fs';
import { type BytePath } from '../file-error.js';
import {
  AT_FDCWD,
  backgroundFunction,
  checked,
  cString,
  hasNative,
  lastErrno,
  nativeFunction,
  numberedSystemCall,
} from './native.js';
import { systemCallNumbers } from './numbers.js';
import type { SpecialFile } from './special-file.js';
import {
  makeSpecialFileByCommand,
  renameByCommand,
  syncByCommand,
  tryLockByCommand,
} from './without-native/special-files.js';

export type { SpecialFile } from './special-file.js';

/**
 * mknod(2). Devices need CAP_MKNOD, but for the 0:0 character device (an overlay whiteout) on Linux 5.8 and
 * later.
 */
export function makeSpecialFile(path: BytePath, file: SpecialFile, mode: number): void {
  if (!hasNative()) return makeSpecialFileByCommand(path, file, mode);
  const device = 'major' in file ? deviceNumber(file.major, file.minor) : 0;
  const result = mknodat(AT_FDCWD, cString(path), formats[file.kind] | (mode & 0o7777), device);
  checked(result, 'mknod', path);
}

/** Tries once to lock an open file for its descriptor alone; false when another descriptor holds it. */
export function tryLockFile(descriptor: number, path: BytePath): boolean {
  if (!hasNative()) return tryLockByCommand(descriptor, path);
  const result = flock(descriptor, LOCK_EX | LOCK_NB);
  if (result < 0 && lastErrno() === EAGAIN) return false;
  return checked(result, 'flock', path) === 0;
}

/** Writes out everything of the file system that holds the open file, while the event loop goes on. */
export async function syncFileSystem(descriptor: number, path: BytePath): Promise<void> {
  await (hasNative() ? syncfs(path, descriptor) : syncByCommand(descriptor, path));
}

/** Renames unless something is at `to` already: FileError EEXIST then, in one step with the rename. */
export function renameNoReplace(from: BytePath, to: BytePath): void {
  if (!hasNative()) return renameByCommand(from, to);
  const result = renameat2(AT_FDCWD, cString(from), AT_FDCWD, cString(to), RENAME_NOREPLACE);
  checked(result, 'renameat2', from);
}

/** `dev_t` as the kernel encodes it (`new_encode_dev`): 12 bits of major, 20 bits of minor. */
function deviceNumber(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xf_ff00) << 12)) >>> 0;
}

const formats = {
  fifo: constants.S_IFIFO,
  socket: constants.S_IFSOCK,
  character: constants.S_IFCHR,
  block: constants.S_IFBLK,
};
const LOCK_EX = 2;
const LOCK_NB = 4;
const EAGAIN = 11;
const RENAME_NOREPLACE = 1;

const mknodat = numberedSystemCall('mknodat', systemCallNumbers.mknodat, [
  'int',
  'const void *',
  'uint',
  'uint',
]);
const syncfs = backgroundFunction('syncfs', ['int']);
const flock = nativeFunction('flock', ['int', 'int']);
const renameat2 = numberedSystemCall('renameat2', systemCallNumbers.renameat2, [
  'int',
  'const void *',
  'int',
  'const void *',
  'uint',
]);
