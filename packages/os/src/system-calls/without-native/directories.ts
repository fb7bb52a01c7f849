import { lstatSync, openSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';

/*
 * What is done below an open directory, by its name in `/proc/self/fd`: no component but the last is looked up, so
 * nothing is followed on the way. Each answers as the system call does: negative, with `errno` left to `setErrno`.
 */

/** Keeps the error number for whoever asks for it next. */
export type SetErrno = (errno: number) => void;

export function openBelow(parent: number, name: Uint8Array, flags: number, setErrno: SetErrno): number {
  return attempt(setErrno, () => openSync(pathBelow(parent, name), flags));
}

export function unlinkBelow(parent: number, name: Uint8Array, isDirectory: boolean, setErrno: SetErrno): boolean {
  const path = pathBelow(parent, name);
  return attempt(setErrno, () => ((isDirectory ? rmdirSync(path) : unlinkSync(path)), 0)) === 0;
}

/** Fills in what `NativeStatus` reads of a `struct statx`. The mount is known of the open directory itself only. */
export function readStatusBelow(parent: number, name: Uint8Array, statx: DataView, setErrno: SetErrno): boolean {
  const read = attempt(setErrno, () => {
    const status = lstatSync(pathBelow(parent, name), { bigint: true });
    const { dev } = status;
    statx.setUint16(28, Number(status.mode), true);
    statx.setUint32(16, Number(status.nlink), true);
    statx.setBigUint64(32, status.ino, true);
    statx.setBigUint64(48, status.blocks, true);
    statx.setUint32(136, Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xffff_f000n)), true);
    statx.setUint32(140, Number((dev & 0xffn) | ((dev >> 12n) & 0xffff_ff00n)), true);
    const mount = isSelf(name) ? mountOf(parent) : undefined;
    statx.setUint32(0, mount === undefined ? 0 : STATX_MNT_ID, true);
    if (mount !== undefined) statx.setBigUint64(144, mount, true);
    return 0;
  });
  return read === 0;
}

/** The names of an open directory with their NUL, and their `DT_...` types. */
export function entriesOf(descriptor: number): (readonly [name: Uint8Array, type: number])[] {
  const entries = readdirSync(`/proc/self/fd/${descriptor}`, { withFileTypes: true, encoding: 'buffer' });
  return entries.map((entry) => [Buffer.concat([entry.name, Buffer.of(0)]), typeOf(entry)] as const);
}

function typeOf(entry: { isDirectory(): boolean; isFile(): boolean; isSymbolicLink(): boolean }): number {
  if (entry.isDirectory()) return DT_DIR;
  if (entry.isSymbolicLink()) return DT_LNK;
  return entry.isFile() ? DT_REG : DT_UNKNOWN;
}

function mountOf(descriptor: number): bigint | undefined {
  const found = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1];
  return found === undefined ? undefined : BigInt(found);
}

function pathBelow(parent: number, name: Uint8Array): Buffer {
  const own = Buffer.from(name.subarray(0, name.length - 1));
  return parent < 0 ? own : Buffer.concat([Buffer.from(`/proc/self/fd/${parent}/`), own]);
}

function isSelf(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT;
}

function attempt(setErrno: SetErrno, action: () => number): number {
  try {
    return action();
  } catch (error) {
    const { errno } = error as NodeJS.ErrnoException;
    if (errno === undefined) throw error;
    setErrno(-errno);
    return -1;
  }
}

const DOT = 46;
const STATX_MNT_ID = 0x1000;
const DT_UNKNOWN = 0;
const DT_DIR = 4;
const DT_REG = 8;
const DT_LNK = 10;
