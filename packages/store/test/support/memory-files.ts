import type { DirectoryEntry, Files, FileStatus, FileSystemSpace } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { Deferred, Future } from '@keelson/process';

type Node = { kind: 'directory' } | { kind: 'file'; content: Uint8Array };
type Operation =
  | 'read'
  | 'writeDurably'
  | 'appendDurably'
  | 'makeDirectory'
  | 'list'
  | 'rename'
  | 'remove'
  | 'syncFileSystem';

/** Files in memory whose answers are there at once, so that a whole scenario settles synchronously. */
export class MemoryFiles implements Files {
  readonly nodes = new Map<string, Node>([['/', { kind: 'directory' }]]);
  /** Every call that changed something, in order. */
  readonly changes: string[] = [];
  /** How a call gets to the disk; replaced by who wants to choose the order of completions. */
  via: <R>(act: () => Future<R>) => Future<R> = (act) => act();
  #faults: { operation: Operation; path: RegExp; code: string; times: number }[] = [];
  #gates: { operation: Operation; path: RegExp; gate: Deferred<void> }[] = [];

  /** The next `times` matching calls fail with that errno. */
  fail(operation: Operation, path: RegExp, code: string, times = Infinity): void {
    this.#faults.push({ operation, path, code, times });
  }

  heal(): void {
    this.#faults = [];
  }

  /** Matching calls wait until the answered function is called. */
  hold(operation: Operation, path: RegExp): () => void {
    const entry = { operation, path, gate: new Deferred<void>() };
    this.#gates.push(entry);
    return () => {
      this.#gates = this.#gates.filter((other) => other !== entry);
      entry.gate.set(undefined);
    };
  }

  paths(below: string): string[] {
    return [...this.nodes.keys()].filter((path) => path.startsWith(`${below}/`)).toSorted();
  }

  names(directory: string): string[] {
    return this.paths(directory)
      .map((path) => path.slice(directory.length + 1))
      .filter((name) => !name.includes('/'));
  }

  text(path: string): string {
    const node = this.nodes.get(path);
    if (node?.kind !== 'file') throw new Error(`no file ${path}`);
    return Buffer.from(node.content).toString();
  }

  put(path: string, content: string | Uint8Array): void {
    this.mkdir(path.slice(0, path.lastIndexOf('/')));
    this.nodes.set(path, { kind: 'file', content: Buffer.from(content) });
  }

  mkdir(path: string): void {
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const part = path.slice(0, end);
      if (!this.nodes.has(part)) this.nodes.set(part, { kind: 'directory' });
    }
  }

  removeTree(path: string): number {
    const gone = [path, ...this.paths(path)].filter((each) => this.nodes.delete(each));
    return gone.length;
  }

  read(path: string, { maxBytes = 1 << 26 }: { maxBytes?: number } = {}): Future<Uint8Array> {
    return this.#run('read', path, () => {
      const node = this.nodes.get(path);
      if (!node) throw error('ENOENT', 'open', path);
      if (node.kind !== 'file') throw error('EISDIR', 'read', path);
      if (node.content.length > maxBytes) throw error('EFBIG', 'read', path);
      return node.content;
    });
  }

  write(path: string, content: Uint8Array): Future<void> {
    return this.writeDurably(path, content);
  }

  writeDurably(path: string, content: Uint8Array): Future<void> {
    return this.#run('writeDurably', path, () => this.#write(path, content));
  }

  appendDurably(path: string, content: Uint8Array): Future<void> {
    return this.#run('appendDurably', path, () => {
      const node = this.nodes.get(path);
      this.#write(path, Buffer.concat([node?.kind === 'file' ? node.content : Buffer.alloc(0), content]));
    });
  }

  makeDirectory(path: string): Future<void> {
    return this.#run('makeDirectory', path, () => {
      this.changes.push(`mkdir ${path}`);
      this.mkdir(path);
    });
  }

  makeNewDirectory(path: string): Future<void> {
    return this.#run('makeDirectory', path, () => {
      if (this.nodes.has(path)) throw error('EEXIST', 'mkdir', path);
      this.nodes.set(path, { kind: 'directory' });
    });
  }

  list(path: string): Future<readonly DirectoryEntry[]> {
    return this.#run('list', path, () => {
      if (this.nodes.get(path)?.kind !== 'directory') throw error('ENOENT', 'scandir', path);
      return this.names(path).map((name) => ({ name, kind: this.nodes.get(`${path}/${name}`)!.kind }));
    });
  }

  status(path: string): Future<FileStatus | undefined> {
    const node = this.nodes.get(path);
    if (!node) return Future.ready(undefined);
    const sizeBytes = node.kind === 'file' ? node.content.length : 0;
    return Future.ready({
      kind: node.kind,
      sizeBytes,
      allocatedBytes: sizeBytes,
      mode: 0o700,
      device: 1,
      inode: 1,
      linkCount: 1,
      userId: 0,
      groupId: 0,
      modifiedAtMs: 0,
    });
  }

  rename(from: string, to: string): Future<void> {
    return this.#run('rename', from, () => {
      if (!this.nodes.has(from)) throw error('ENOENT', 'rename', from);
      if (this.paths(to).length > 0) throw error('ENOTEMPTY', 'rename', to);
      this.changes.push(`rename ${from} ${to}`);
      for (const path of [from, ...this.paths(from)]) {
        this.nodes.set(to + path.slice(from.length), this.nodes.get(path)!);
        this.nodes.delete(path);
      }
    });
  }

  remove(path: string): Future<void> {
    return this.#run('remove', path, () => void this.nodes.delete(path));
  }

  removeDirectory(path: string): Future<void> {
    if (this.paths(path).length > 0) return Future.failed(error('ENOTEMPTY', 'rmdir', path));
    this.nodes.delete(path);
    return Future.ready();
  }

  makeSymlink(): Future<void> {
    return Future.failed(error('ENOSYS', 'symlink', ''));
  }

  readSymlink(path: string): Future<string> {
    return Future.failed(error('EINVAL', 'readlink', path));
  }

  realPath(path: string): Future<string> {
    return this.nodes.has(path) ? Future.ready(path) : Future.failed(error('ENOENT', 'realpath', path));
  }

  syncDirectory(): Future<void> {
    return Future.ready();
  }

  syncFileSystem(path: string): Future<void> {
    return this.#pass('syncFileSystem', path, () => void this.changes.push(`sync ${path}`));
  }

  space(): Future<FileSystemSpace> {
    return Future.ready({ totalBytes: 1 << 30, freeBytes: 1 << 29 });
  }

  #write(path: string, content: Uint8Array): void {
    if (this.nodes.get(path.slice(0, path.lastIndexOf('/')))?.kind !== 'directory')
      throw error('ENOENT', 'open', path);
    this.changes.push(`write ${path}`);
    this.nodes.set(path, { kind: 'file', content });
  }

  #run<R>(operation: Operation, path: string, act: () => R): Future<R> {
    return this.via(() => this.#pass(operation, path, act));
  }

  #pass<R>(operation: Operation, path: string, act: () => R): Future<R> {
    const waiting = this.#gates.find((entry) => entry.operation === operation && entry.path.test(path));
    if (waiting) return waiting.gate.future.undiscardable().then(() => this.#act(operation, path, act));
    return this.#act(operation, path, act);
  }

  #act<R>(operation: Operation, path: string, act: () => R): Future<R> {
    const fault = this.#faults.find(
      (each) => each.operation === operation && each.times > 0 && each.path.test(path),
    );
    if (fault) {
      fault.times -= 1;
      return Future.failed(error(fault.code, operation, path));
    }
    try {
      return Future.ready(act()) as Future<R>;
    } catch (thrown) {
      return Future.failed(thrown);
    }
  }
}

function error(code: string, syscall: string, path: string): FileError {
  return new FileError(code, syscall, path, `${code}: ${syscall} ${path}`);
}
