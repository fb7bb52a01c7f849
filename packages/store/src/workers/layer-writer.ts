import type { TarEntry, TarHandler } from '@keelson/image';
import { classifyName } from '@keelson/image';
import { makeSpecialFile } from '@keelson/os/system-calls';
import {
  closeSync,
  constants,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { folderOf, joined, nameOf, nativePath, recordOfBytes } from './byte-path.js';
import { CopiedUp } from './copied-up.js';
import { copyNode } from './copy-node.js';
import { DirectoryMetadata, directoryCreationMode } from './directory-metadata.js';
import { isAufsMetadata, splitEntryName } from './entry-name.js';
import { FileDigests } from './file-digests.js';
import type { FileMetadata } from './file-metadata.js';
import { MetadataWriter } from './file-metadata.js';
import { HiddenPaths } from './hidden-paths.js';
import { ImpliedDirectories } from './implied-directories.js';
import type { LayerStack } from './layer-stack.js';
import { removeOwnTree } from './remove-own-tree.js';
import { SkippedEntries } from './skipped-entries.js';
import type { OpenDirectory } from './tree-walk.js';
import { impliedMetadata, pathIn, TreeWalk } from './tree-walk.js';
import { UnpackError } from './unpack-error.js';
import type { UnpackBudget } from './unpack-limits.js';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;
/** What a file system gives out at a time; sizes on disk are counted in it. */
const allocationUnit = 4096;

interface OpenFile {
  readonly entry: TarEntry;
  readonly descriptor: number;
  readonly path: string;
  readonly name: string;
  writtenTo: number;
}

/**
 * Makes the tree of one layer out of the members of its archive.
 *
 * What is in the way is unlinked and the new node is created exclusively, in a directory that `TreeWalk`
 * holds open: nothing is ever written through a link. Sources: OCI image-spec `layer.md`; containerd
 * `archive/tar.go`.
 */
export class LayerWriter implements TarHandler {
  readonly skipped = new SkippedEntries();
  /** Of the contents that came, but those of sparse files. */
  readonly digests = new FileDigests();
  /** What the tree takes on disk: contents in whole allocation units, and one for every directory. */
  allocatedBytes = 0;
  readonly #hidden = new HiddenPaths();
  readonly #copiedUp = new CopiedUp();
  readonly #directories = new DirectoryMetadata();
  readonly #implied = new ImpliedDirectories();
  readonly #walk: TreeWalk;
  readonly #metadata: MetadataWriter;
  #file: OpenFile | undefined;

  constructor(
    rootfs: string,
    stack: LayerStack,
    private readonly privileged: boolean,
    private readonly budget: UnpackBudget,
  ) {
    this.#metadata = new MetadataWriter(privileged);
    const implied = (path: string, metadata: FileMetadata): void => {
      if (metadata !== impliedMetadata) this.#implied.add(path);
      this.#addDirectory(path, metadata);
    };
    const clearHiddenCopy = (directory: OpenDirectory, name: string): boolean =>
      this.#clearHiddenCopy(directory, name);
    this.#walk = new TreeWalk(rootfs, stack, this.#hidden, { implied, clearHiddenCopy }, budget);
  }

  /** Whether no node was given an extended attribute, marks apart. */
  get isPlain(): boolean {
    return !this.#metadata.hasSetAttributes;
  }

  entry(entry: TarEntry): void {
    this.budget.addEntry(entry.name);
    this.budget.addLogical(entry.sizeBytes);
    const { folder, name } = splitEntryName(entry.name);
    const meaning = classifyName(name);
    if (meaning.kind === 'ignored' || isAufsMetadata(folder)) return;
    const directory = this.#walk.resolve(folder);
    switch (meaning.kind) {
      case 'whiteout':
        this.budget.checkName(meaning.target);
        return this.#hidden.addWhiteout(this.#walk, directory, meaning.target);
      case 'opaque':
        return this.#hidden.addOpaque(this.#walk, directory);
      default:
        this.budget.checkName(name);
        this.#create(entry, directory, name);
    }
  }

  data(bytes: Buffer, position: number): void {
    if (this.#file === undefined) return;
    const { descriptor, entry } = this.#file;
    for (let written = 0; written < bytes.length;) {
      const at = entry.isSparse ? position + written : null;
      written += writeSync(descriptor, bytes, written, bytes.length - written, at);
    }
    this.#file.writtenTo = position + bytes.length;
    if (entry.isSparse) this.#allocate(bytes.length);
    else this.digests.update(bytes, entry.sizeBytes);
  }

  end(): void {
    const file = this.#file;
    if (file === undefined) return;
    const { descriptor, entry, name, path } = file;
    if (entry.isSparse) {
      if (file.writtenTo < entry.sizeBytes) ftruncateSync(descriptor, entry.sizeBytes);
    } else this.#allocate(entry.sizeBytes);
    const created = this.#metadata.creationMode(entry.mode);
    this.#metadata.writeOpen(descriptor, path, metadataOf(entry), created, (why) =>
      this.skipped.add(name, why),
    );
    this.#file = undefined;
    closeSync(descriptor);
    this.digests.end(name);
  }

  /**
   * Settles marks and directories when all entries are there. Answers what the layer hides, as path text.
   */
  finish(): { whiteouts: string[]; opaques: string[] } {
    this.#dropHiddenCopies();
    this.#settleImplied();
    const marks = this.#hidden.finish(this.#walk, this.privileged);
    this.#directories.finish(this.#walk, this.#metadata, this.skipped);
    return marks;
  }

  /** Lets go of every descriptor, whatever happened. */
  close(): void {
    if (this.#file !== undefined) closeSync(this.#file.descriptor);
    this.#file = undefined;
    this.#walk.close();
  }

  #create(entry: TarEntry, directory: OpenDirectory, name: string): void {
    if (entry.type === 'file') return this.#createFile(entry, directory, name);
    if (entry.type === 'directory') return this.#createDirectory(entry, directory, name);
    if (name === '') throw invalid(entry, 'is the root but no directory');
    if (entry.type === 'hardlink') return this.#createHardLink(entry, name);
    this.#walk.forgetAliases();
    if (entry.type === 'symlink') return this.#createSymlink(entry, directory, name);
    this.#createSpecial(entry, entry.type, directory, name);
  }

  #createFile(entry: TarEntry, directory: OpenDirectory, name: string): void {
    if (name === '') throw invalid(entry, 'is the root but no directory');
    const path = pathIn(directory, name);
    const native = nativePath(path);
    const mode = this.#metadata.creationMode(entry.mode);
    const descriptor = this.#exclusively(directory, name, () =>
      openSync(native, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode),
    )!;
    this.#file = { entry, descriptor, path, name: joined(directory.path, name), writtenTo: 0 };
  }

  /** A directory over a directory changes what it has, and keeps what is in it. */
  #createDirectory(entry: TarEntry, directory: OpenDirectory, name: string): void {
    if (name !== '') {
      this.#walk.forgetAliases();
      const native = nativePath(pathIn(directory, name));
      const isKept = () => lstatSync(native).isDirectory();
      this.#exclusively(directory, name, () => mkdirSync(native, directoryCreationMode), isKept);
    }
    const path = joinedOrSelf(directory, name);
    this.#implied.forget(path);
    this.#addDirectory(path, metadataOf(entry));
  }

  #createSymlink(entry: TarEntry, directory: OpenDirectory, name: string): void {
    if (entry.linkName === '') throw invalid(entry, 'is a link to nowhere');
    this.budget.checkLinkTarget(entry.linkName);
    const path = pathIn(directory, name);
    // Absolute and climbing targets are lawful: they are kept byte for byte, and never followed out of
    // the root.
    this.#exclusively(directory, name, () => symlinkSync(nativePath(entry.linkName), nativePath(path)));
    const report = (why: string) => this.skipped.add(joined(directory.path, name), why);
    this.#metadata.writeNamed(path, metadataOf(entry), true, report);
  }

  #createSpecial(
    entry: TarEntry,
    kind: 'fifo' | 'character' | 'block',
    directory: OpenDirectory,
    name: string,
  ): void {
    const shown = joined(directory.path, name);
    const { deviceMajor: major, deviceMinor: minor } = entry;
    if (kind === 'character' && major === 0 && minor === 0) {
      return this.skipped.add(shown, 'a 0:0 character device is a whiteout to overlayfs');
    }
    if (kind !== 'fifo' && !this.privileged) return this.skipped.add(shown, 'devices need privileges');
    const path = pathIn(directory, name);
    const file = kind === 'fifo' ? { kind } : { kind, major, minor };
    this.#exclusively(directory, name, () => makeSpecialFile(nativePath(path), file, entry.mode));
    this.#metadata.writeNamed(path, metadataOf(entry), false, (why) => this.skipped.add(shown, why));
  }

  /**
   * The target is named from the root. One that only the layers below have is copied up first: a link
   * needs a node.
   */
  #createHardLink(entry: TarEntry, name: string): void {
    this.budget.checkPath(entry.linkName);
    const target = splitEntryName(entry.linkName);
    if (target.name === '') throw missing(entry);
    this.budget.checkName(target.name);
    const targetDirectory = this.#walk.resolve(target.folder);
    this.#copyUp(entry, targetDirectory, target.name);
    const targetPath = joined(targetDirectory.path, target.name);
    // The next resolve may close the directory of the target, so it is held by a descriptor of its own.
    const held = openSync(`/proc/self/fd/${targetDirectory.descriptor}`, O_RDONLY | O_DIRECTORY);
    try {
      const directory = this.#walk.resolve(splitEntryName(entry.name).folder);
      if (joined(directory.path, name) === targetPath) return this.#copiedUp.forget(targetPath);
      const from = nativePath(`/proc/self/fd/${held}/${target.name}`);
      const to = nativePath(pathIn(directory, name));
      this.#exclusively(directory, name, () => linkSync(from, to));
      this.digests.link(joined(directory.path, name), targetPath);
    } finally {
      closeSync(held);
      this.#walk.forgetAliases();
    }
  }

  /** A copy is what was below: a mark that came after the link hides it, and the link stays. */
  #dropHiddenCopies(): void {
    for (const path of this.#copiedUp.paths().filter((each) => this.#hidden.hides(each))) {
      this.#clearHiddenCopy(this.#walk.resolve(folderOf(path)), nameOf(path));
    }
  }

  #clearHiddenCopy(directory: OpenDirectory, name: string): boolean {
    const path = joined(directory.path, name);
    if (!this.#copiedUp.has(path) || !this.#hidden.hides(path)) return false;
    unlinkSync(nativePath(pathIn(directory, name)));
    this.#copiedUp.forget(path);
    return true;
  }

  #settleImplied(): void {
    const removed = (path: string): void => {
      this.#directories.forget(path);
      this.#hidden.forget(path);
    };
    const kept = (path: string): void => this.#directories.set(path, impliedMetadata);
    this.#implied.finish(this.#walk, this.#hidden, removed, kept);
  }

  #copyUp(entry: TarEntry, directory: OpenDirectory, name: string): void {
    const path = pathIn(directory, name);
    const own = lstatSync(nativePath(path), { throwIfNoEntry: false });
    if (own?.isDirectory()) throw invalid(entry, 'is a hard link to a directory');
    const shown = joined(directory.path, name);
    if (own !== undefined) {
      if (this.#copiedUp.has(shown) && this.#hidden.hides(shown)) throw missing(entry);
      return;
    }
    const below = this.#walk.lookupBelow(directory, name);
    if (below === undefined) throw missing(entry);
    if (below.status.isDirectory()) throw invalid(entry, 'is a hard link to a directory');
    const report = (why: string) => this.skipped.add(shown, why);
    copyNode(below.source, below.status, path, this.#metadata, report);
    this.#copiedUp.add(shown);
    this.budget.addLogical(below.status.size);
    this.#allocate(below.status.size);
  }

  /** Creates with `create`, which fails if anything is there; that goes first then, unless it `isKept`. */
  #exclusively<T>(
    directory: OpenDirectory,
    name: string,
    create: () => T,
    isKept?: () => boolean,
  ): T | undefined {
    try {
      return create();
    } catch (error) {
      if ((error as { code?: string }).code !== 'EEXIST') throw error;
    }
    if (isKept?.()) return undefined;
    this.#remove(directory, name);
    return create();
  }

  #remove(directory: OpenDirectory, name: string): void {
    this.#walk.forgetAliases();
    const native = nativePath(pathIn(directory, name));
    const path = joined(directory.path, name);
    if (lstatSync(native).isDirectory()) {
      removeOwnTree(pathIn(directory, name), path, (gone) => {
        this.#directories.forget(gone);
        this.#implied.forget(gone);
        this.#hidden.forget(gone);
        this.#copiedUp.forgetFolder(gone);
        this.digests.forgetFolder(gone);
      });
    } else unlinkSync(native);
    this.#copiedUp.forget(path);
    this.digests.forget(path);
    // What this layer had covered below stays covered, whatever comes here next.
    this.#hidden.addWhiteout(this.#walk, directory, name);
  }

  #addDirectory(path: string, metadata: FileMetadata): void {
    this.#directories.set(path, metadata);
    this.#allocate(allocationUnit);
  }

  #allocate(bytes: number): void {
    this.allocatedBytes += Math.ceil(bytes / allocationUnit) * allocationUnit;
  }
}

function joinedOrSelf(directory: OpenDirectory, name: string): string {
  return name === '' ? directory.path : joined(directory.path, name);
}

function metadataOf({ mode, uid, gid, modifiedAt, xattrs }: TarEntry): FileMetadata {
  return { mode, uid, gid, modifiedAt, xattrs };
}

function invalid(entry: TarEntry, why: string): UnpackError {
  return new UnpackError('INVALID_ENTRY', `${recordOfBytes(entry.name)} ${why}`);
}

function missing(entry: TarEntry): UnpackError {
  const [name, target] = [recordOfBytes(entry.name), recordOfBytes(entry.linkName)];
  return new UnpackError('LINK_TARGET_MISSING', `${name} is a hard link to ${target}, which is not there`);
}
