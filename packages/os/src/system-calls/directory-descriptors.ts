import { closeSync, constants } from 'node:fs';
import { type BytePath } from '../file-error.js';
import { O_CLOEXEC } from '../open-flags.js';
import {
  AT_FDCWD,
  addressOf,
  checked,
  cString,
  hasNative,
  lastErrno,
  nativeFunction,
  numberedSystemCall,
  setErrno,
} from './native.js';
import { systemCallNumbers } from './numbers.js';
import { entriesOf, openBelow, readStatusBelow, unlinkBelow } from './without-native/directories.js';
import { asCall } from './without-native/status.js';

/** How `openInRoot` treats links and mounts on the way (openat2(2), Linux 5.6). */
export const ResolveFlag = {
  noMountCrossing: 0x1,
  noMagicLinks: 0x2,
  noSymlinks: 0x4,
  beneath: 0x8,
  inRoot: 0x10,
} as const;

/** A name below an open directory: NUL-terminated bytes, or the address of such. */
export type NativeName = Uint8Array | number;

/**
 * Types of directory entries as the kernel tells them (`DT_...`); `unknown` where the file system does not.
 */
export const EntryType = { unknown: 0, directory: 4 } as const;

/** The directory itself, as the name that openat(2) and statx(2) know. */
export const SELF = cString('.');
export const PARENT = cString('..');

/**
 * Opens `path` as if the directory `root` were `/`: links and `..` cannot lead out of it, whoever changes the
 * tree meanwhile. Answers a close-on-exec descriptor.
 *
 * @param flags    of open(2), for example `O_RDONLY | O_DIRECTORY | O_NOFOLLOW`
 * @param resolve  `ResolveFlag`s, or-ed; `inRoot` alone unless given
 * @throws FileError ELOOP, EXDEV as `resolve` says; ENOSYS before Linux 5.6
 */
export function openInRoot(
  root: number,
  path: BytePath,
  flags: number,
  mode = 0,
  resolve: number = ResolveFlag.inRoot,
): number {
  const how = Buffer.alloc(24);
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(mode), 8);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return checked(openat2(root, cString(path), how, how.length), 'openat2', path);
}

/** Opens a directory below another without following a link. Negative: see `lastErrno`. */
export function openDirectoryAt(parent: number, name: NativeName): number {
  return openAt(parent, name, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

/** Opens a directory by path, or throws. */
export function openDirectory(path: BytePath): number {
  return checked(openDirectoryAt(AT_FDCWD, cString(path)), 'open', path);
}

/**
 * A descriptor for the directory that allows nothing but naming it: needs no permission on it. Negative: see
 * `lastErrno`.
 */
export function openDirectoryHandleAt(parent: number, name: NativeName): number {
  return openAt(parent, name, O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

function openAt(parent: number, name: NativeName, flags: number): number {
  return hasNative()
    ? openat(parent, name, flags | O_CLOEXEC, 0)
    : openBelow(parent, name as Uint8Array, flags, setErrno);
}

/** Removes a name; false with `lastErrno` when the kernel refuses. */
export function unlinkAt(
  parent: number,
  name: NativeName,
  options?: { readonly directory: boolean },
): boolean {
  const isDirectory = options?.directory ?? false;
  if (!hasNative()) return unlinkBelow(parent, name as Uint8Array, isDirectory, setErrno);
  return unlinkat(parent, name, isDirectory ? AT_REMOVEDIR : 0) === 0;
}

/** What statx(2) tells of a name below a directory, read again and again into one buffer. */
export class NativeStatus {
  readonly #buffer = new ArrayBuffer(256);
  readonly #view = new DataView(this.#buffer);
  readonly #address = hasNative() ? addressOf(this.#buffer) : 0;

  /** Reads the status without following a link; false with `lastErrno` when it cannot. */
  readAt(parent: number, name: NativeName): boolean {
    if (!hasNative()) return readStatusBelow(parent, name as Uint8Array, this.#view, setErrno);
    return (
      statx(parent, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_BASIC_AND_MOUNT, this.#address) === 0
    );
  }

  get isDirectory(): boolean {
    return (this.#view.getUint16(28, true) & constants.S_IFMT) === constants.S_IFDIR;
  }

  get mode(): number {
    return this.#view.getUint16(28, true);
  }

  get linkCount(): number {
    return this.#view.getUint32(16, true);
  }

  get allocatedBytes(): number {
    return (this.#view.getUint32(48, true) + this.#view.getUint32(52, true) * 2 ** 32) * 512;
  }

  /** Device and inode: equal for the same file alone. */
  get identity(): string {
    return `${this.device}:${this.#view.getBigUint64(32, true)}`;
  }

  get device(): string {
    return `${this.#view.getUint32(136, true)}:${this.#view.getUint32(140, true)}`;
  }

  /**
   * Device and, since Linux 5.8, mount: it differs behind every mount point, a bind mount of the same device
   * included.
   */
  get mount(): string {
    const told = (this.#view.getUint32(0, true) & STATX_MNT_ID) !== 0;
    return `${this.device}@${told ? this.#view.getBigUint64(144, true) : ''}`;
  }
}

/**
 * Reads directory entries as bytes, with their types and without one object for each.
 *
 * One cursor reads one directory at a time; `start` begins the next. Entries are those of getdents64(2), `.`
 * and `..` left out.
 */
export class DirectoryCursor {
  readonly #buffer = new ArrayBuffer(65_536);
  readonly #bytes = Buffer.from(this.#buffer);
  readonly #address = hasNative() ? addressOf(this.#buffer) : 0;
  /** Of the directory, where there are no native calls. */
  #entries: (readonly [name: Uint8Array, type: number])[] = [];
  #entry = -1;
  #descriptor = -1;
  #path: BytePath = '';
  #filled = 0;
  #next = 0;
  #current = 0;

  /** Begins at the place where the descriptor stands; `path` is for errors. */
  start(descriptor: number, path: BytePath): void {
    this.#descriptor = descriptor;
    this.#path = path;
    this.#filled = this.#next = 0;
    if (!hasNative()) this.#readEntries();
  }

  /** Goes to the next entry; false after the last. */
  advance(): boolean {
    if (!hasNative()) return ++this.#entry < this.#entries.length;
    do {
      if (this.#next >= this.#filled && !this.#fill()) return false;
      this.#current = this.#next;
      this.#next += this.#bytes.readUInt16LE(this.#current + RECORD_LENGTH);
    } while (this.#isDot());
    return true;
  }

  /** An `EntryType`, or another `DT_...`. */
  get type(): number {
    if (!hasNative()) return this.#entries[this.#entry]?.[1] ?? EntryType.unknown;
    return this.#bytes[this.#current + ENTRY_TYPE] ?? EntryType.unknown;
  }

  /** The NUL-terminated name, where it stands until the next `advance`. */
  get name(): NativeName {
    if (!hasNative()) return this.copyName();
    return this.#address + this.#current + NAME;
  }

  /** The name with its NUL, copied. */
  copyName(): Uint8Array {
    if (!hasNative()) return this.#entries[this.#entry]![0];
    const start = this.#current + NAME;
    return Buffer.from(this.#bytes.subarray(start, this.#bytes.indexOf(0, start) + 1));
  }

  #readEntries(): void {
    this.#entry = -1;
    try {
      this.#entries = entriesOf(this.#descriptor);
    } catch (error) {
      throw asCall('getdents64', this.#path, error);
    }
  }

  #fill(): boolean {
    const read = getdents(this.#descriptor, this.#address, this.#buffer.byteLength);
    this.#filled = checked(read, 'getdents64', this.#path);
    this.#next = 0;
    return read > 0;
  }

  #isDot(): boolean {
    const bytes = this.#bytes;
    const name = this.#current + NAME;
    return (
      bytes[name] === DOT && (bytes[name + 1] === 0 || (bytes[name + 1] === DOT && bytes[name + 2] === 0))
    );
  }
}

/** Whether readdir tells the types of entries in this directory (overlayfs needs it; XFS of old may not). */
export function tellsEntryTypes(path: BytePath): boolean | undefined {
  const descriptor = openDirectory(path);
  try {
    const cursor = new DirectoryCursor();
    cursor.start(descriptor, path);
    return cursor.advance() ? cursor.type !== EntryType.unknown : undefined;
  } finally {
    closeSync(descriptor);
  }
}

// struct linux_dirent64: inode 8, offset 8, record length 2, type 1, name.
const RECORD_LENGTH = 16;
const ENTRY_TYPE = 18;
const NAME = 19;
const DOT = 46;

const O_PATH = 0x20_0000;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const STATX_MNT_ID = 0x1000;
const STATX_BASIC_AND_MOUNT = 0x7ff | STATX_MNT_ID;

const openat = nativeFunction('openat', ['int', 'const void *', 'int', 'uint']);
const openat2 = numberedSystemCall('openat2', systemCallNumbers.openat2, [
  'int',
  'const void *',
  'const void *',
  'size_t',
]);
const unlinkat = nativeFunction('unlinkat', ['int', 'const void *', 'int']);
const statx = nativeFunction('statx', ['int', 'const void *', 'int', 'uint', 'void *']);
const getdents = numberedSystemCall('getdents64', systemCallNumbers.getdents64, ['int', 'void *', 'size_t']);

export { lastErrno };
