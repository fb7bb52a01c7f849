import { closeSync, chmodSync, fchmodSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileError, pathText, systemCallError, toFileError } from '../file-error.js';
import { mountsWithin, parseMountInfo } from '../mountinfo.js';
import type { MountEntry } from '../ports/mounts.js';
import {
  DirectoryCursor,
  EntryType,
  lastErrno,
  NativeStatus,
  openDirectory,
  openDirectoryAt,
  openDirectoryHandleAt,
  PARENT,
  SELF,
  unlinkAt,
} from '../system-calls/directory-descriptors.js';
import { cString } from '../system-calls/native.js';

export interface RemoveTreeInput {
  /** Absolute. The tree, or single file, that goes away. */
  readonly path: string;
  /** After this long it stops where it is: asked again, it goes on. */
  readonly forMs?: number;
}

export interface RemovedTree {
  /** What the disk got back: allocated bytes of the files whose last link went. */
  readonly unlinkedBytes: number;
  readonly entries: number;
  /** Its time was over before the tree was gone. */
  readonly unfinished?: true;
}

/** A directory on the way down. Only the deepest is open, so depth costs memory but no descriptors. */
interface Level {
  readonly name: Uint8Array;
  readonly identity: string;
  /** Directories inside that are still to be removed. */
  readonly directories: Uint8Array[];
}

/**
 * Job `os.remove-tree`: removes one tree, the deepest first. A missing one is success.
 *
 * Never follows a link, and never crosses a mount: what has a mount below it is refused whole (EBUSY), and a
 * mount that appears later is met by its device and mount id. It stops at the first error, whose FileError
 * names the entry; nothing is retried, what is gone stays gone. Names are bytes and depth has no limit,
 * because every step goes through the descriptor of the directory at hand.
 */
export default function removeTree(input: RemoveTreeInput): RemovedTree {
  const path = resolve(input.path);
  let parent: string;
  try {
    parent = placeOf(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { unlinkedBytes: 0, entries: 0 };
    throw toFileError(error, 'open', path);
  }
  const removal = new TreeRemoval(parent, performance.now() + (input.forMs ?? Infinity));
  try {
    return removal.remove(cString(basename(path)));
  } finally {
    removal.close();
  }
}

/** What was seen around trees that are removed one after the other. */
interface Surroundings {
  readonly directory: string;
  /** `directory` with every link resolved. */
  readonly parent: string;
  /** The text of mountinfo. */
  readonly mounts: string;
  readonly seenAtMs: number;
}

/**
 * Where nothing is mounted is believed for so long: a mount may appear after any look, and is then met by its id. A
 * sweep removes hundreds of trees in one place, and to look anew for each took a fifth of its time.
 */
const believedMs = 20;
let seen: Surroundings | undefined;

/**
 * The directory that holds `path`, with every link resolved.
 *
 * @throws FileError EBUSY  something is mounted at or below `path`
 */
function placeOf(path: string): string {
  const directory = dirname(path);
  const isFresh = seen?.directory === directory && performance.now() - seen.seenAtMs < believedMs;
  if (isFresh && firstMount(path, seen!) === undefined) return seen!.parent;
  seen = {
    directory,
    parent: realpathSync(directory),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
    seenAtMs: performance.now(),
  };
  const mounted = firstMount(path, seen);
  if (mounted) throw fileError('EBUSY', 'remove', mounted.target, `a ${mounted.type} is mounted there`);
  return seen.parent;
}

/** Most trees have no mount anywhere near: where not even the name occurs, nothing needs to be taken apart. */
function firstMount(path: string, { parent, mounts }: Surroundings): MountEntry | undefined {
  const name = basename(path);
  if (plainName.test(name) && !mounts.includes(name)) return undefined;
  return mountsWithin(parseMountInfo(mounts), join(parent, name))[0];
}

/** No byte of it is written in another way in mountinfo. */
const plainName = /^[A-Za-z0-9._-]+$/;

/** A thread removes one tree at a time: what the kernel writes into need not be made anew for each. */
const shared = { cursor: new DirectoryCursor(), status: new NativeStatus() };

class TreeRemoval {
  readonly #cursor = shared.cursor;
  readonly #status = shared.status;
  readonly #levels: Level[] = [];
  readonly #mount: string;
  readonly #isRoot = process.geteuid?.() === 0;
  #descriptor: number;
  #unlinkedBytes = 0;
  #entries = 0;

  constructor(
    private readonly parent: string,
    private readonly endsAtMs: number,
  ) {
    this.#descriptor = openDirectory(parent);
    this.#readStatus(SELF);
    this.#mount = this.#status.mount;
    this.#levels.push({ name: cString(parent), identity: this.#status.identity, directories: [] });
  }

  remove(name: Uint8Array): RemovedTree {
    if (this.#status.readAt(this.#descriptor, name)) {
      this.#removeEntry(name, this.#status.isDirectory ? EntryType.directory : EntryType.unknown, () => name);
      while (this.#levels.length > 1 || this.#level.directories.length > 0) {
        if (this.#isOver) return { ...this.#removed, unfinished: true };
        this.#step();
      }
    } else if (lastErrno() !== ENOENT) {
      throw this.#error('statx', name);
    }
    return this.#removed;
  }

  get #isOver(): boolean {
    return performance.now() > this.endsAtMs;
  }

  get #removed(): RemovedTree {
    return { unlinkedBytes: this.#unlinkedBytes, entries: this.#entries };
  }

  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
  }

  /** Goes into the next directory inside, or removes the present one when none is left. */
  #step(): void {
    const next = this.#level.directories.at(-1);
    if (next) {
      this.#enter(next);
      this.#empty();
    } else {
      this.#leave();
    }
  }

  /** Unlinks all files of the present directory, unless time is over, and remembers the directories. */
  #empty(): void {
    this.#cursor.start(this.#descriptor, '');
    while (this.#cursor.advance() && !this.#isOver) {
      this.#removeEntry(this.#cursor.name, this.#cursor.type, () => this.#cursor.copyName());
    }
  }

  #removeEntry(name: Uint8Array | number, type: number, copyName: () => Uint8Array): void {
    if (type !== EntryType.directory && !this.#status.readAt(this.#descriptor, name))
      throw this.#error('statx', copyName());
    if (type === EntryType.directory || this.#status.isDirectory) {
      this.#level.directories.push(copyName());
      return;
    }
    const freedBytes = this.#status.linkCount === 1 ? this.#status.allocatedBytes : 0;
    if (!unlinkAt(this.#descriptor, name)) throw this.#error('unlink', copyName());
    this.#unlinkedBytes += freedBytes;
    this.#entries++;
  }

  #enter(name: Uint8Array): void {
    const child = this.#openChild(name);
    closeSync(this.#descriptor);
    this.#descriptor = child;
    this.#levels.push({ name, identity: '', directories: [] });
    this.#readStatus(SELF);
    if (this.#status.mount !== this.#mount)
      throw fileError('EBUSY', 'remove', this.#path(), 'something is mounted there');
    this.#levels[this.#levels.length - 1] = { name, identity: this.#status.identity, directories: [] };
    this.#unlinkedBytes += this.#status.allocatedBytes;
    // Root needs no permission bits; anybody else may lack the write bit on a directory of his own.
    if (!this.#isRoot && (this.#status.mode & 0o700) !== 0o700) fchmodSync(this.#descriptor, 0o700);
  }

  #openChild(name: Uint8Array): number {
    const child = openDirectoryAt(this.#descriptor, name);
    if (child >= 0) return child;
    if (lastErrno() !== EACCES || this.#isRoot) throw this.#error('open', name);
    const handle = openDirectoryHandleAt(this.#descriptor, name);
    if (handle < 0) throw this.#error('open', name);
    try {
      chmodSync(`/proc/self/fd/${handle}`, 0o700);
      const opened = openDirectoryAt(handle, SELF);
      if (opened < 0) throw this.#error('open', name);
      return opened;
    } finally {
      closeSync(handle);
    }
  }

  /** Back to the directory above, which must be the one we came from, and removes the emptied one. */
  #leave(): void {
    const parent = openDirectoryAt(this.#descriptor, PARENT);
    if (parent < 0) throw this.#error('open');
    closeSync(this.#descriptor);
    this.#descriptor = parent;
    const left = this.#levels.pop() as Level;
    this.#readStatus(SELF);
    if (this.#status.identity !== this.#level.identity) {
      throw fileError('EBUSY', 'remove', this.#path(left.name), 'it was moved while it was being removed');
    }
    if (!unlinkAt(this.#descriptor, left.name, { directory: true })) throw this.#error('rmdir', left.name);
    this.#level.directories.pop();
    this.#entries++;
  }

  get #level(): Level {
    return this.#levels[this.#levels.length - 1] as Level;
  }

  #readStatus(name: Uint8Array): void {
    if (!this.#status.readAt(this.#descriptor, name)) throw this.#error('statx');
  }

  #error(syscall: string, name?: Uint8Array): Error {
    return systemCallError(lastErrno(), syscall, this.#path(name));
  }

  #path(name?: Uint8Array): string {
    const names = this.#levels.slice(1).map((level) => level.name);
    if (name) names.push(name);
    return [this.parent, ...names.map((bytes) => pathText(bytes.subarray(0, -1)))].join('/');
  }
}

const ENOENT = 2;
const EACCES = 13;
