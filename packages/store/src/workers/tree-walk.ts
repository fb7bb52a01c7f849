import { closeSync, constants, fchmodSync, lstatSync, mkdirSync, openSync, readlinkSync } from 'node:fs';
import { joined, nativePath, recordOfBytes } from './byte-path.js';
import type { FileMetadata } from './file-metadata.js';
import { readMetadata } from './file-metadata.js';
import type { LayerStack, MergedDirectory, MergedNode } from './layer-stack.js';
import { UnpackError } from './unpack-error.js';
import type { UnpackBudget } from './unpack-limits.js';

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
/** As the kernel. */
const mostLinks = 40;
const nothing: MergedDirectory = { path: '', layers: [] };
/**
 * For a directory that no layer lists. The time is fixed so that the same image always gives the same
 * tree.
 */
export const impliedMetadata: FileMetadata = {
  mode: 0o755,
  uid: 0,
  gid: 0,
  modifiedAt: { seconds: 0, nanoseconds: 0 },
  xattrs: new Map(),
};

/** A real directory of the layer's own tree, held open. */
export interface OpenDirectory {
  /** Byte string below the root; no component of it is a link. */
  readonly path: string;
  readonly name: string;
  readonly descriptor: number;
  /** What the layers below have of it; found out when first asked for. */
  lower?: MergedDirectory;
}

/** What the layer being unpacked hides, so far. */
export interface LayerMarks {
  isWhiteout(path: string): boolean;
  isOpaque(path: string): boolean;
}

/** Who makes the layer. */
export interface WalkOwner {
  /** Told of each directory made on the way. */
  implied(path: string, metadata: FileMetadata): void;
  /** Takes away what stands in the way but was only copied from below, and has been hidden there since. */
  clearHiddenCopy(directory: OpenDirectory, name: string): boolean;
}

/**
 * A name inside an open directory: the way to reach a node without walking, and so without following,
 * anything.
 */
export function pathIn(directory: OpenDirectory, name: string): string {
  return `/proc/self/fd/${directory.descriptor}/${name}`;
}

/**
 * Finds the directory in which an entry lands: seen from the root of the stacked view, links resolved
 * inside it.
 *
 * Every component is looked at when it is used, never through a link, and kept open while it is part of
 * the present path. A directory that only the layers below have is made in this layer, with their
 * metadata, as copy-up does; so writing below a directory does not change it. A link below (`lib ->
 * usr/lib`) leads to where it points.
 */
export class TreeWalk {
  readonly #levels: OpenDirectory[] = [];
  /** The text resolved last, and whether a link was on the way; then other text may lead there too. */
  #resolved: string | undefined;
  #isAlias = false;

  constructor(
    rootfs: string,
    private readonly stack: LayerStack,
    private readonly marks: LayerMarks,
    private readonly owner: WalkOwner,
    private readonly budget: UnpackBudget,
  ) {
    this.#levels.push({ path: '', name: '', descriptor: openDirectory(rootfs) });
    try {
      const root = stack.rootNode();
      owner.implied('', root === undefined ? impliedMetadata : readMetadata(root.source, root.status));
    } catch (error) {
      // Nobody has a walk to close yet.
      this.close();
      throw error;
    }
  }

  /**
   * The directory that `path`, relative to the root, leads to. It stays open until the next call.
   *
   * @throws UnpackError PATH_ESCAPES  it climbs (`..`)
   * @throws UnpackError PATH_BLOCKED  a component is neither directory nor link
   * @throws UnpackError LINK_LOOP     more links than the kernel would follow
   */
  resolve(path: string): OpenDirectory {
    if (path === this.#resolved) return this.#levels.at(-1)!;
    const components = path.split('/').filter((name) => name !== '' && name !== '.');
    if (components.includes('..'))
      throw new UnpackError('PATH_ESCAPES', `${recordOfBytes(path)} climbs with ".."`);

    this.#isAlias = false;
    const kept = this.#commonPrefix(components);
    this.#leave(kept + 1);
    this.#follow(components.slice(kept), path);
    this.#resolved = path;
    return this.#levels.at(-1)!;
  }

  /**
   * To be called when a link or directory came or went: text that led over a link may now lead elsewhere.
   */
  forgetAliases(): void {
    if (this.#isAlias) this.#resolved = undefined;
  }

  /** What the layers below show at `name`, if this layer does not hide it. */
  lookupBelow(directory: OpenDirectory, name: string): MergedNode | undefined {
    if (this.marks.isWhiteout(joined(directory.path, name))) return undefined;
    return this.stack.lookup(this.lowerOf(directory), name);
  }

  /** What the layers below have of `directory`. */
  lowerOf(directory: OpenDirectory): MergedDirectory {
    return (directory.lower ??= this.#findLower(directory));
  }

  /** What the layers below show in `directory`, by name. */
  namesBelow(directory: OpenDirectory): string[] {
    const names = this.stack.names(this.lowerOf(directory));
    return names.filter((name) => this.lookupBelow(directory, name) !== undefined);
  }

  /** From now on nothing below shows in `directory`. */
  hideLower(directory: OpenDirectory): void {
    directory.lower = nothing;
  }

  close(): void {
    this.#leave(0);
  }

  #findLower(directory: OpenDirectory): MergedDirectory {
    if (this.marks.isOpaque(directory.path)) return nothing;
    const level = this.#levels.indexOf(directory);
    if (level === 0) return this.stack.root;
    return this.lookupBelow(this.#levels[level - 1]!, directory.name)?.directory ?? nothing;
  }

  /**
   * How many components lead through the directories already open. Those are real, so the text needs no
   * new look.
   */
  #commonPrefix(components: readonly string[]): number {
    let kept = 0;
    while (kept < components.length && this.#levels[kept + 1]?.name === components[kept]) kept++;
    return kept;
  }

  #follow(components: readonly string[], asked: string): void {
    const pending = components.toReversed();
    let links = 0;
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        // Only a link says this. The parent of the root is the root, as in a chroot.
        this.#leave(Math.max(this.#levels.length - 1, 1));
        continue;
      }
      const target = this.#enter(name);
      if (target === undefined) continue;
      if (++links > mostLinks)
        throw new UnpackError('LINK_LOOP', `${recordOfBytes(asked)} leads over too many links`);
      this.#isAlias = true;
      if (target.startsWith('/')) this.#leave(1);
      pending.push(...target.split('/').toReversed());
    }
  }

  /** Goes down into `name`, or answers the target of the link that is there instead. */
  #enter(name: string): string | undefined {
    const parent = this.#levels.at(-1)!;
    this.budget.addStep();
    this.budget.checkName(name);
    this.budget.checkDepth(joined(parent.path, name), this.#levels.length);
    const path = pathIn(parent, name);
    const found = lstatSync(nativePath(path), { throwIfNoEntry: false });
    const isCleared = found?.isDirectory() === false && this.owner.clearHiddenCopy(parent, name);
    const own = isCleared ? undefined : found;
    if (own?.isSymbolicLink()) return readLink(path);
    if (own === undefined) {
      const below = this.lookupBelow(parent, name);
      if (below?.status.isSymbolicLink()) return readLink(below.source);
      if (below !== undefined && !below.status.isDirectory()) throw blocked(parent, name);
      this.#makeImplied(parent, name, below);
    } else if (!own.isDirectory()) throw blocked(parent, name);
    this.#levels.push({ path: joined(parent.path, name), name, descriptor: openDirectory(path) });
    return undefined;
  }

  #makeImplied(parent: OpenDirectory, name: string, below: MergedNode | undefined): void {
    mkdirSync(nativePath(pathIn(parent, name)), 0o700);
    this.owner.implied(
      joined(parent.path, name),
      below === undefined ? impliedMetadata : readMetadata(below.source, below.status),
    );
  }

  #leave(depth: number): void {
    while (this.#levels.length > depth) closeSync(this.#levels.pop()!.descriptor);
    this.#resolved = undefined;
  }
}

function openDirectory(path: string): number {
  return openSync(nativePath(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

function readLink(path: string): string {
  return readlinkSync(nativePath(path), 'buffer').toString('latin1');
}

function blocked(parent: OpenDirectory, name: string): UnpackError {
  const path = recordOfBytes(joined(parent.path, name));
  return new UnpackError('PATH_BLOCKED', `an entry lies below ${path}, which is no directory`);
}

/** Makes the root of a tree, which nobody but us can enter until it is finished. */
export function makeRoot(rootfs: string): void {
  mkdirSync(nativePath(rootfs), 0o700);
  // Without this it could inherit a setgid bit, and hand the group on to all that is made in it.
  const descriptor = openDirectory(rootfs);
  try {
    fchmodSync(descriptor, 0o700);
  } finally {
    closeSync(descriptor);
  }
}
