import type { DirectoryEntry, Files, FileStatus, FileSystemSpace } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { Deferred } from '@keelson/process';
import type { DiskNode, Inode } from './disk-state.js';
import type { Place } from './disk-walk.js';
import { walk } from './disk-walk.js';
import type { SimulatedDisk } from './simulated-disk.js';

/** One call on the disk: what a fault may hit and a crash may come before. */
export interface DiskStep {
  readonly syscall: string;
  readonly path: string;
}

export interface SimulatedFilesOptions {
  readonly disk: SimulatedDisk;
  /**
   * Puts one step among the ready items; it is run when the dispatcher chooses it, or never after a crash.
   */
  readonly schedule: (label: string, run: () => void) => void;
  /** Answers an errno name to make that step fail. */
  readonly fault?: (step: DiskStep) => string | undefined;
  /** Names of temporary files. */
  readonly uniqueName?: () => string;
  readonly space?: FileSystemSpace;
}

/**
 * `Files` on a {@link SimulatedDisk}: every call is one step the dispatcher chooses, and `writeDurably` is
 * the five steps it is in production, so that a crash or fault can come between any two.
 */
export class SimulatedFiles implements Files {
  readonly #options: SimulatedFilesOptions;
  #names = 0;

  constructor(options: SimulatedFilesOptions) {
    this.#options = options;
  }

  get disk(): SimulatedDisk {
    return this.#options.disk;
  }

  read(path: string, options: { maxBytes?: number } = {}): Future<Uint8Array> {
    return this.#step('read', path, () => {
      const node = this.#file(path, 'read');
      if (node.content.length > (options.maxBytes ?? 64 * 1024 * 1024)) throw failure('EFBIG', 'read', path);
      return node.content;
    });
  }

  writeDurably(path: string, content: Uint8Array, options: { mode?: number } = {}): Future<void> {
    const temporary = `${parentOf(path)}/.tmp-${this.#uniqueName()}`;
    let inode: Inode = 0;
    const written = this.#step('open', temporary, () => {
      inode = this.#create(temporary, 'open', { kind: 'file', content: new Uint8Array(), mode: options.mode ?? 0o600 });
    })
      .then(() => this.#step('write', temporary, () => this.disk.change({ kind: 'write', inode, content })))
      .then(() => this.#step('fsync', temporary, () => this.disk.syncFile(inode)))
      .then(() => this.#step('rename', path, () => this.#rename(temporary, path)))
      .repair((failed) => this.remove(temporary).then(() => failed).repair(() => failed));
    return written.then(() => this.syncDirectory(parentOf(path)));
  }

  write(path: string, content: Uint8Array, options: { mode?: number } = {}): Future<void> {
    let inode: Inode = 0;
    return this.#step('open', path, () => {
      const empty = { kind: 'file', content: new Uint8Array(), mode: options.mode ?? 0o600 } as const;
      inode = this.#place(path, 'open').inode ?? this.#create(path, 'open', empty);
    }).then(() => this.#step('write', path, () => this.disk.change({ kind: 'write', inode, content })));
  }

  appendDurably(path: string, content: Uint8Array): Future<void> {
    let inode: Inode = 0;
    return this.#step('write', path, () => {
      const place = this.#place(path, 'write');
      const before = place.node?.kind === 'file' ? place.node.content : new Uint8Array();
      inode = place.inode ?? this.#create(path, 'open', { kind: 'file', content: before, mode: 0o600 });
      const joined = new Uint8Array(before.length + content.length);
      joined.set(before);
      joined.set(content, before.length);
      this.disk.change({ kind: 'write', inode, content: joined, from: before.length });
    })
      .then(() => this.#step('fdatasync', path, () => this.disk.syncFile(inode)))
      .then(() => this.syncDirectory(parentOf(path)));
  }

  makeDirectory(path: string, options: { mode?: number } = {}): Future<void> {
    return this.#step('mkdir', path, () => {
      const names = path.split('/').filter((name) => name !== '');
      for (let depth = 1; depth <= names.length; depth += 1) {
        const partial = `/${names.slice(0, depth).join('/')}`;
        const { node } = walk(this.disk, partial, 'mkdir', true);
        if (node === undefined) this.#create(partial, 'mkdir', newDirectory(options.mode));
        else if (node.kind !== 'directory') throw failure('EEXIST', 'mkdir', path);
      }
    });
  }

  makeNewDirectory(path: string, options: { mode?: number } = {}): Future<void> {
    return this.#step('mkdir', path, () => void this.#create(path, 'mkdir', newDirectory(options.mode)));
  }

  list(path: string): Future<readonly DirectoryEntry[]> {
    return this.#step('scandir', path, () => {
      const { node } = walk(this.disk, path, 'scandir', true);
      if (node === undefined) throw failure('ENOENT', 'scandir', path);
      if (node.kind !== 'directory') throw failure('ENOTDIR', 'scandir', path);
      return [...node.entries].map(([name, inode]) => ({ name, kind: (this.disk.node(inode) as DiskNode).kind }));
    });
  }

  status(path: string): Future<FileStatus | undefined> {
    return this.#step('lstat', path, () => {
      const place = this.#placeOrNothing(path, 'lstat');
      return place?.node && place.inode !== undefined ? statusOf(place.inode, place.node) : undefined;
    });
  }

  rename(from: string, to: string): Future<void> {
    return this.#step('rename', from, () => this.#rename(from, to), `rename ${from} to ${to}`);
  }

  remove(path: string): Future<void> {
    return this.#step('unlink', path, () => {
      const place = this.#placeOrNothing(path, 'unlink');
      if (place?.node === undefined) return;
      if (place.node.kind === 'directory') throw failure('EISDIR', 'unlink', path);
      this.disk.change({ kind: 'unlink', directory: place.directory, name: place.name });
    });
  }

  removeDirectory(path: string): Future<void> {
    return this.#step('rmdir', path, () => {
      const place = this.#placeOrNothing(path, 'rmdir');
      if (place?.node === undefined) return;
      if (place.node.kind !== 'directory') throw failure('ENOTDIR', 'rmdir', path);
      if (place.node.entries.size > 0) throw failure('ENOTEMPTY', 'rmdir', path);
      this.disk.change({ kind: 'unlink', directory: place.directory, name: place.name });
    });
  }

  makeSymlink(target: string, path: string): Future<void> {
    return this.#step('symlink', path, () => void this.#create(path, 'symlink', { kind: 'symlink', target }));
  }

  readSymlink(path: string): Future<string> {
    return this.#step('readlink', path, () => {
      const { node } = this.#place(path, 'readlink');
      if (node?.kind !== 'symlink') throw failure(node ? 'EINVAL' : 'ENOENT', 'readlink', path);
      return node.target;
    });
  }

  /** The simulated programs make no links in the paths they ask for, so a path is its own real path. */
  realPath(path: string): Future<string> {
    return this.#step('realpath', path, () => {
      if (walk(this.disk, path, 'realpath', true).node === undefined) throw failure('ENOENT', 'realpath', path);
      return path;
    });
  }

  syncDirectory(path: string): Future<void> {
    return this.#step('fsync', path, () => {
      const { inode, node } = walk(this.disk, path, 'fsync', true);
      if (inode === undefined || node?.kind !== 'directory') throw failure('ENOENT', 'fsync', path);
      this.disk.syncDirectory(inode);
    });
  }

  syncFileSystem(path: string): Future<void> {
    return this.#step('syncfs', path, () => this.disk.syncAll());
  }

  space(path: string): Future<FileSystemSpace> {
    return this.#step('statfs', path, () => this.#options.space ?? { totalBytes: 2 ** 40, freeBytes: 2 ** 39 });
  }

  #step<T>(syscall: string, path: string, act: () => T, label = `${syscall} ${path}`): Future<T> {
    const answer = new Deferred<T>();
    this.#options.schedule(label, () => {
      const errno = this.#options.fault?.({ syscall, path });
      try {
        if (errno !== undefined) throw failure(errno, syscall, path);
        answer.set(act());
      } catch (error) {
        answer.fail(error as Error);
      }
    });
    return answer.future;
  }

  #uniqueName(): string {
    // The inode keeps it apart from what an earlier life left on this disk.
    return this.#options.uniqueName?.() ?? `${this.disk.nextInode}-${(this.#names += 1)}`;
  }

  #place(path: string, syscall: string): Place {
    return walk(this.disk, path, syscall);
  }

  /** Like `#place`, where a missing parent only means that nothing is there. */
  #placeOrNothing(path: string, syscall: string): Place | undefined {
    try {
      return this.#place(path, syscall);
    } catch (error) {
      if (error instanceof FileError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  #file(path: string, syscall: string): Extract<DiskNode, { kind: 'file' }> {
    const { node } = this.#place(path, syscall);
    if (node === undefined) throw failure('ENOENT', syscall, path);
    if (node.kind !== 'file') throw failure(node.kind === 'directory' ? 'EISDIR' : 'ELOOP', syscall, path);
    return node;
  }

  #create(path: string, syscall: string, node: DiskNode): Inode {
    const place = this.#place(path, syscall);
    if (place.inode !== undefined) throw failure('EEXIST', syscall, path);
    if (this.disk.node(place.directory)?.kind !== 'directory') throw failure('ENOENT', syscall, path);
    return this.disk.create(place.directory, place.name, node);
  }

  #rename(from: string, to: string): void {
    const source = this.#place(from, 'rename');
    const target = this.#place(to, 'rename');
    if (source.inode === undefined || source.node === undefined) throw failure('ENOENT', 'rename', from);
    if (target.node?.kind === 'directory') {
      if (source.node.kind !== 'directory') throw failure('EISDIR', 'rename', to);
      if (target.node.entries.size > 0) throw failure('ENOTEMPTY', 'rename', to);
    } else if (target.node !== undefined && source.node.kind === 'directory') throw failure('ENOTDIR', 'rename', to);
    this.disk.change({
      kind: 'rename',
      from: source.directory,
      fromName: source.name,
      to: target.directory,
      toName: target.name,
      inode: source.inode,
    });
  }
}

function newDirectory(mode = 0o700): DiskNode {
  return { kind: 'directory', entries: new Map(), mode };
}

function statusOf(inode: Inode, node: DiskNode): FileStatus {
  const sizeBytes = node.kind === 'file' ? node.content.length : node.kind === 'symlink' ? node.target.length : 0;
  return {
    kind: node.kind,
    sizeBytes,
    allocatedBytes: Math.ceil(sizeBytes / 4096) * 4096,
    mode: node.kind === 'symlink' ? 0o777 : node.mode,
    device: 1,
    inode,
    linkCount: 1,
    userId: 0,
    groupId: 0,
    modifiedAtMs: 0,
  };
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

function failure(code: string, syscall: string, path: string): FileError {
  return new FileError(code, syscall, path, `${syscall} '${path}' on the simulated disk: ${code}`);
}
