import { type BytePath } from '../file-error.js';
import { AT_FDCWD, checked, cString, hasNative, nativeFunction } from './native.js';
import { setModifiedTimeByCommand } from './without-native/special-files.js';

/**
 * Sets when a node was last changed (and read) to the nanosecond, also before 1970: utimensat(2), on the
 * node itself and never on what a link points to. Node's own `utimes` cuts at microseconds and takes a time
 * before 1970 for now.
 *
 * @param seconds      since the epoch, an integer; `nanoseconds` count forward from it
 * @param nanoseconds  from 0 to 999,999,999
 */
export function setModifiedTime(path: BytePath, seconds: number, nanoseconds: number): void {
  if (!hasNative()) return setModifiedTimeByCommand(path, seconds, nanoseconds);
  const times = Buffer.alloc(2 * TIMESPEC_SIZE);
  for (const at of [0, TIMESPEC_SIZE]) {
    times.writeBigInt64LE(BigInt(seconds), at);
    times.writeBigInt64LE(BigInt(nanoseconds), at + 8);
  }
  checked(utimensat(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW), 'utimensat', path);
}

const TIMESPEC_SIZE = 16;
const AT_SYMLINK_NOFOLLOW = 0x100;

const utimensat = nativeFunction('utimensat', ['int', 'const void *', 'const void *', 'int']);
