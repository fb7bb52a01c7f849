import type { TarTime } from '@keelson/image';
import {
  getExtendedAttribute,
  listExtendedAttributes,
  setExtendedAttribute,
  setModifiedTime,
} from '@keelson/os/system-calls';
import type { Stats } from 'node:fs';
import {
  chmodSync,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  readFileSync,
} from 'node:fs';
import { nativePath } from './byte-path.js';

/** What a node has besides its content. */
export interface FileMetadata {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedAt: TarTime;
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
}

/** Why an attribute is left out, on which node. */
export type ReportSkipped = (why: string) => void;

/**
 * overlayfs reads these to decide what a directory shows and where a file's data is. They are ours to
 * write: an image or a tree that brings them would steer the mount.
 */
export function belongsToOverlay(attribute: string): boolean {
  return attribute.startsWith('trusted.overlay.') || attribute.startsWith('user.overlay.');
}

/** The metadata of a node of ours, read without following it. */
export function readMetadata(source: string, status: Stats): FileMetadata {
  const { mode, uid, gid } = status;
  return { mode: mode & 0o7777, uid, gid, modifiedAt: readTime(source, status), xattrs: readXattrs(source) };
}

/** Whole seconds, as layers mostly have, are exact in what was read; a fraction takes another look. */
function readTime(source: string, { mtimeMs }: Stats): TarTime {
  if (mtimeMs % 1000 === 0) return { seconds: mtimeMs / 1000, nanoseconds: 0 };
  const { mtimeNs } = lstatSync(nativePath(source), { bigint: true });
  const nanoseconds = ((mtimeNs % nanosecondsPerSecond) + nanosecondsPerSecond) % nanosecondsPerSecond;
  return {
    seconds: Number((mtimeNs - nanoseconds) / nanosecondsPerSecond),
    nanoseconds: Number(nanoseconds),
  };
}

const nanosecondsPerSecond = 1_000_000_000n;

const noXattrs: ReadonlyMap<string, Uint8Array> = new Map();

function readXattrs(source: string): ReadonlyMap<string, Uint8Array> {
  const path = nativePath(source);
  const names = listed(path).filter((name) => !belongsToOverlay(name));
  if (names.length === 0) return noXattrs;
  return new Map(names.map((name) => [name, Buffer.from(getExtendedAttribute(path, name))]));
}

function listed(path: string | Buffer): string[] {
  try {
    return listExtendedAttributes(path);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOTSUP') return [];
    throw error;
  }
}

/**
 * Gives nodes their owner, mode, attributes and time, in this order: a change of owner clears setuid bits
 * and file capabilities, and every change but the last moves the time.
 */
export class MetadataWriter {
  readonly #umask = currentUmask();
  readonly #uid = process.geteuid!();
  readonly #gid = process.getegid!();

  /** Whether any node was given an extended attribute. */
  hasSetAttributes = false;

  /** @param privileged  whether owners and attributes that need a capability are set at all */
  constructor(private readonly privileged: boolean) {}

  /** The mode to create a file with, so that most need no `chmod`. */
  creationMode(mode: number): number {
    return mode & 0o777;
  }

  /** For a file or directory held open; `path` names the same node, for its extended attributes. */
  writeOpen(
    descriptor: number,
    path: string,
    metadata: FileMetadata,
    created: number,
    skipped: ReportSkipped,
  ): void {
    const { mode, uid, gid, modifiedAt, xattrs } = metadata;
    if (this.#mustChown(uid, gid)) fchownSync(descriptor, uid, gid);
    if ((created & ~this.#umask) !== mode) fchmodSync(descriptor, mode);
    if (xattrs.size > 0) this.#writeXattrs(path, xattrs, skipped);
    if (isExactInNode(modifiedAt)) futimesSync(descriptor, modifiedAt.seconds, modifiedAt.seconds);
    else setModifiedTime(nativePath(path), modifiedAt.seconds, modifiedAt.nanoseconds);
  }

  /** For a node that cannot be opened, and has just been created exclusively. */
  writeNamed(path: string, metadata: FileMetadata, isSymlink: boolean, skipped: ReportSkipped): void {
    const { mode, uid, gid, modifiedAt, xattrs } = metadata;
    const native = nativePath(path);
    if (this.#mustChown(uid, gid)) lchownSync(native, uid, gid);
    // A link has no mode, and chmod would reach through it.
    if (!isSymlink) chmodSync(native, mode);
    if (xattrs.size > 0) this.#writeXattrs(path, xattrs, skipped);
    if (isExactInNode(modifiedAt)) lutimesSync(native, modifiedAt.seconds, modifiedAt.seconds);
    else setModifiedTime(native, modifiedAt.seconds, modifiedAt.nanoseconds);
  }

  #mustChown(uid: number, gid: number): boolean {
    return this.privileged && (uid !== this.#uid || gid !== this.#gid);
  }

  #writeXattrs(path: string, xattrs: ReadonlyMap<string, Uint8Array>, skipped: ReportSkipped): void {
    const native = nativePath(path);
    for (const [name, value] of xattrs) {
      if (belongsToOverlay(name)) skipped(`attribute ${name} belongs to overlayfs`);
      else if (!this.privileged && !name.startsWith('user.')) skipped(`attribute ${name} needs privileges`);
      else {
        try {
          setExtendedAttribute(native, name, value);
          this.hasSetAttributes = true;
        } catch (error) {
          const { code = '' } = error as { code?: string };
          // The file system has no such attributes, or not for such a node (user.* on links and devices).
          if (!unsupported.has(code)) throw error;
          skipped(`attribute ${name} cannot be kept here (${code})`);
        }
      }
    }
  }
}

/** `node:fs` cuts times at microseconds, and takes one before 1970 for now. It is the quicker way otherwise. */
function isExactInNode({ seconds, nanoseconds }: TarTime): boolean {
  return nanoseconds === 0 && seconds >= 0;
}

/** Asking the system call would set it for a moment, and with it what other threads create meanwhile. */
function currentUmask(): number {
  const found = /^Umask:\s*([0-7]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'));
  return found === null ? 0o777 : parseInt(found[1]!, 8);
}

const unsupported = new Set(['EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL', 'ERANGE']);
