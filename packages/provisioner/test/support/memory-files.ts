import type { DirectoryEntry, Files, FileStatus } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { Deferred, Future } from '@keelson/process';

type Node =
  | { readonly kind: 'directory' | 'character' }
  | { readonly kind: 'file'; readonly content: Uint8Array };
type Operation = 'read' | 'write' | 'list' | 'rename' | 'remove' | 'mkdir';

/** Files in memory that answer at once. Only what the provisioner asks for; no links. */
export class MemoryFiles implements Files {
  readonly nodes = new Map<string, Node>([['/', { kind: 'directory' }]]);
  /** `operation path` → errno name. */
  readonly #failures = new Map<string, string>();
  /** Writes that wait, by path. */
  readonly #held = new Map<string, (() => void)[]>();

  /** Makes an operation on one path fail until `heal`. */
  break(operation: Operation, path: string, code: string): void {
    this.#failures.set(`${operation} ${path}`, code);
  }

  /** Makes writes of one path wait until `finishWrites`. */
  holdWrites(path: string): void {
    this.#held.set(path, []);
  }

  /** Ends the writes that wait, the latest first, as a disk may. Later ones wait again. Answers how many. */
  finishWrites(path: string): number {
    const waiting = this.#held.get(path)?.splice(0) ?? [];
    for (const finish of waiting.toReversed()) finish();
    return waiting.length;
  }

  heal(): void {
    this.#failures.clear();
  }

  /** Writes a file and its parents. */
  put(path: string, content: string): void {
    this.#makeParents(path);
    this.nodes.set(path, { kind: 'file', content: Buffer.from(content) });
  }

  text(path: string): string | undefined {
    const node = this.nodes.get(path);
    return node?.kind === 'file' ? Buffer.from(node.content).toString() : undefined;
  }

  has(path: string): boolean {
    return this.nodes.has(path);
  }

  /** What the job `os.remove-tree` does. */
  removeTree(path: string): void {
    this.#check('remove', path);
    for (const below of this.nodes.keys()) {
      if (below === path || below.startsWith(`${path}/`)) this.nodes.delete(below);
    }
  }

  makeDirectories(path: string): void {
    this.#makeParents(path);
    this.nodes.set(path, { kind: 'directory' });
  }

  read(path: string): Future<Uint8Array> {
    return attempt(() => {
      this.#check('read', path);
      const node = this.nodes.get(path);
      if (node?.kind !== 'file') throw missing('read', path);
      return node.content;
    });
  }

  write(path: string, content: Uint8Array): Future<void> {
    return this.writeDurably(path, content);
  }

  writeDurably(path: string, content: Uint8Array): Future<void> {
    return attempt(() => {
      this.#check('write', path);
      if (!this.nodes.has(parentOf(path))) throw missing('write', path);
      const write = (): void => void this.nodes.set(path, { kind: 'file', content });
      const held = this.#held.get(path);
      if (!held) return write();
      const written = new Deferred<void>();
      held.push(() => {
        write();
        written.set(undefined);
      });
      return written.future;
    });
  }

  appendDurably(): Future<void> {
    throw new Error('not used');
  }

  makeDirectory(path: string): Future<void> {
    return attempt(() => {
      this.#check('mkdir', path);
      this.makeDirectories(path);
    });
  }

  makeNewDirectory(path: string): Future<void> {
    return this.makeDirectory(path);
  }

  list(path: string): Future<readonly DirectoryEntry[]> {
    return attempt(() => {
      this.#check('list', path);
      if (!this.nodes.has(path)) throw missing('list', path);
      return [...this.nodes].flatMap(([name, { kind }]) =>
        name !== '/' && parentOf(name) === path ? [{ name: name.slice(path.length + 1), kind }] : [],
      );
    });
  }

  status(path: string): Future<FileStatus | undefined> {
    return attempt(() => {
      const node = this.nodes.get(path);
      if (!node) return undefined;
      const sizeBytes = node.kind === 'file' ? node.content.length : 0;
      const identity = { device: 1, inode: 1, linkCount: 1, userId: 0, groupId: 0, mode: 0o755, modifiedAtMs: 0 };
      return { kind: node.kind, sizeBytes, allocatedBytes: sizeBytes, ...identity };
    });
  }

  rename(from: string, to: string): Future<void> {
    return attempt(() => {
      this.#check('rename', from);
      if (!this.nodes.has(from)) throw missing('rename', from);
      if ([...this.nodes.keys()].some((path) => path.startsWith(`${to}/`))) {
        throw new FileError('ENOTEMPTY', 'rename', to, `ENOTEMPTY: rename '${to}'`);
      }
      for (const [path, node] of Array.from(this.nodes)) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        this.nodes.delete(path);
        this.nodes.set(to + path.slice(from.length), node);
      }
    });
  }

  remove(path: string): Future<void> {
    return attempt(() => {
      this.#check('remove', path);
      this.nodes.delete(path);
    });
  }

  removeDirectory(path: string): Future<void> {
    return this.remove(path);
  }

  makeSymlink(): Future<void> {
    throw new Error('not used');
  }

  readSymlink(): Future<string> {
    throw new Error('not used');
  }

  realPath(path: string): Future<string> {
    return Future.ready(path);
  }

  syncDirectory(): Future<void> {
    return Future.ready(undefined);
  }

  syncFileSystem(): Future<void> {
    return Future.ready(undefined);
  }

  space(): Future<{ totalBytes: number; freeBytes: number }> {
    return Future.ready({ totalBytes: 1, freeBytes: 1 });
  }

  #makeParents(path: string): void {
    const parent = parentOf(path);
    if (parent === path || this.nodes.has(parent)) return;
    this.#makeParents(parent);
    this.nodes.set(parent, { kind: 'directory' });
  }

  #check(operation: Operation, path: string): void {
    const code = this.#failures.get(`${operation} ${path}`);
    if (code !== undefined) throw new FileError(code, operation, path, `${code}: ${operation} '${path}'`);
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function missing(operation: Operation, path: string): FileError {
  return new FileError('ENOENT', operation, path, `ENOENT: no such file or directory, ${operation} '${path}'`);
}

/** What `operation` throws fails the future. */
function attempt<T>(operation: () => T | Future<T>): Future<T> {
  return Future.ready().then(operation);
}
