import type { DirectoryEntry, Files, FileStatus, FileSystemSpace } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import type { Deferred} from '@keelson/process';
import { Future } from '@keelson/process';

type Node =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'directory' };

/** Files in a map, answered at once: what an actor does with them runs to its end in one `settle`. */
export class MemoryFiles implements Files {
  readonly nodes = new Map<string, Node>([['/', { kind: 'directory' }]]);
  /** Paths whose next write fails with ENOSPC. */
  readonly full = new Set<string>();
  /** Paths whose next write waits for the test. */
  readonly slow = new Map<string, Deferred<void>>();
  /** Every durable write and removal, in order. */
  readonly journal: string[] = [];

  file(path: string, text = '', mode = 0o644): this {
    this.#parents(path);
    this.nodes.set(path, { kind: 'file', content: new TextEncoder().encode(text), mode });
    return this;
  }

  link(path: string, target: string): this {
    this.#parents(path);
    this.nodes.set(path, { kind: 'symlink', target });
    return this;
  }

  directory(path: string): this {
    this.#parents(`${path}/.`);
    return this;
  }

  has(path: string): boolean {
    return this.nodes.has(path);
  }

  text(path: string): string {
    const node = this.nodes.get(path);
    if (node?.kind !== 'file') throw new Error(`no file ${path}`);
    return new TextDecoder().decode(node.content);
  }

  removeTree(path: string): void {
    this.journal.push(`remove-tree ${path}`);
    for (const each of this.nodes.keys())
      if (each === path || each.startsWith(`${path}/`)) this.nodes.delete(each);
  }

  read(path: string, { maxBytes = 1 << 26 } = {}): Future<Uint8Array> {
    const node = this.nodes.get(path);
    if (!node) return refuse('ENOENT', 'open', path);
    if (node.kind !== 'file') return refuse(node.kind === 'directory' ? 'EISDIR' : 'ELOOP', 'open', path);
    return node.content.length > maxBytes ? refuse('EFBIG', 'read', path) : Future.ready(node.content);
  }

  write(path: string, content: Uint8Array): Future<void> {
    return this.writeDurably(path, content);
  }

  writeDurably(path: string, content: Uint8Array): Future<void> {
    if (this.full.delete(path)) return refuse('ENOSPC', 'write', path);
    const gate = this.slow.get(path);
    if (gate?.future.isPending()) return gate.future.then(() => this.writeDurably(path, content));
    this.journal.push(`write ${path}`);
    this.nodes.set(path, { kind: 'file', content, mode: 0o600 });
    return Future.ready(undefined);
  }

  appendDurably(path: string, content: Uint8Array): Future<void> {
    return this.writeDurably(path, content);
  }

  makeDirectory(path: string): Future<void> {
    this.directory(path);
    return Future.ready(undefined);
  }

  makeNewDirectory(path: string): Future<void> {
    if (this.nodes.has(path)) return refuse('EEXIST', 'mkdir', path);
    return this.makeDirectory(path);
  }

  list(path: string): Future<readonly DirectoryEntry[]> {
    if (this.nodes.get(path)?.kind !== 'directory') return refuse('ENOENT', 'scandir', path);
    const below = [...this.nodes].filter(
      ([each]) => each.startsWith(`${path}/`) && !each.slice(path.length + 1).includes('/'),
    );
    return Future.ready(below.map(([each, { kind }]) => ({ name: each.slice(path.length + 1), kind })));
  }

  status(path: string): Future<FileStatus | undefined> {
    const node = this.nodes.get(path);
    if (!node) return Future.ready(undefined);
    const sizeBytes = node.kind === 'file' ? node.content.length : 0;
    const mode = node.kind === 'file' ? node.mode : 0o755;
    const rest = { allocatedBytes: sizeBytes, device: 1, inode: 1, linkCount: 1, userId: 0, groupId: 0, modifiedAtMs: 0 };
    return Future.ready({ kind: node.kind, sizeBytes, mode, ...rest });
  }

  rename(from: string, to: string): Future<void> {
    if (!this.nodes.has(from)) return refuse('ENOENT', 'rename', from);
    if ([...this.nodes.keys()].some((path) => path.startsWith(`${to}/`))) return refuse('ENOTEMPTY', 'rename', to);
    this.journal.push(`rename ${from} ${to}`);
    for (const [path, node] of this.nodes) {
      if (path !== from && !path.startsWith(`${from}/`)) continue;
      this.nodes.delete(path);
      this.nodes.set(to + path.slice(from.length), node);
    }
    return Future.ready(undefined);
  }

  remove(path: string): Future<void> {
    this.nodes.delete(path);
    return Future.ready(undefined);
  }

  removeDirectory(path: string): Future<void> {
    return this.remove(path);
  }

  makeSymlink(target: string, path: string): Future<void> {
    this.link(path, target);
    return Future.ready(undefined);
  }

  readSymlink(path: string): Future<string> {
    const node = this.nodes.get(path);
    return node?.kind === 'symlink' ? Future.ready(node.target) : refuse('EINVAL', 'readlink', path);
  }

  realPath(path: string): Future<string> {
    return this.nodes.has(path) ? Future.ready(path) : refuse('ENOENT', 'realpath', path);
  }

  syncDirectory(): Future<void> {
    return Future.ready(undefined);
  }

  syncFileSystem(): Future<void> {
    return Future.ready(undefined);
  }

  space(): Future<FileSystemSpace> {
    return Future.ready({ totalBytes: 1, freeBytes: 1 });
  }

  #parents(path: string): void {
    for (let slash = path.indexOf('/', 1); slash > 0; slash = path.indexOf('/', slash + 1)) {
      const parent = path.slice(0, slash);
      if (!this.nodes.has(parent)) this.nodes.set(parent, { kind: 'directory' });
    }
  }
}

function refuse<T>(code: string, syscall: string, path: string): Future<T> {
  return Future.failed(new FileError(code, syscall, path, `${code}: ${syscall} '${path}'`));
}
