import { makeSpecialFile, setExtendedAttribute } from '@keelson/os/system-calls';
import { lstatSync } from 'node:fs';
import { folderOf, joined, nameOf, nativePath, recordOfBytes } from './byte-path.js';
import type { LayerMarks, OpenDirectory, TreeWalk } from './tree-walk.js';
import { pathIn } from './tree-walk.js';

/**
 * What a layer hides in the layers below it.
 *
 * A mark is kept only if something below is there to hide, so that no mark shows up in a view of its own.
 * Whiteouts never touch what this layer itself brings, whatever the order in the archive: a directory of
 * this layer under a whiteout of the same name becomes opaque, and anything else hides what is below by
 * itself.
 */
export class HiddenPaths implements LayerMarks {
  readonly #whiteouts = new Set<string>();
  readonly #opaques = new Set<string>();
  /** The same whiteouts by folder, so that a folder which goes takes no search of all. */
  readonly #byFolder = new Map<string, string[]>();

  isWhiteout(path: string): boolean {
    return this.#whiteouts.has(path);
  }

  isOpaque(path: string): boolean {
    return this.#opaques.has(path);
  }

  /** Whether what the layers below have there is hidden, by its own name or a folder's. */
  hides(path: string): boolean {
    const hidden = (each: string): boolean => this.#whiteouts.has(each) || this.#opaques.has(each);
    return this.#whiteouts.has(path) || ancestorsOf(path).some(hidden);
  }

  /** `.wh.name` in `directory`. */
  addWhiteout(walk: TreeWalk, directory: OpenDirectory, name: string): void {
    if (walk.lookupBelow(directory, name) !== undefined) this.#add(directory.path, name);
  }

  /** `.wh..wh..opq` in `directory`. */
  addOpaque(walk: TreeWalk, directory: OpenDirectory): void {
    if (walk.lowerOf(directory).layers.length === 0) return;
    if (directory.path !== '') this.#opaques.add(directory.path);
    // overlayfs does not ask whether the root of a layer is opaque, so what is to hide is hidden name by
    // name.
    else for (const name of walk.namesBelow(directory)) this.#add('', name);
    walk.hideLower(directory);
  }

  /** A directory of this layer is gone again, and what it hid is no question any more. */
  forget(directory: string): void {
    this.#opaques.delete(directory);
    for (const path of this.#byFolder.get(directory) ?? []) this.#whiteouts.delete(path);
    this.#byFolder.delete(directory);
  }

  /**
   * Settles the marks when the whole tree is there, and answers them as path text, sorted.
   *
   * @param markers  whether to put into the tree what overlayfs reads: a 0:0 character device for a whiteout
   *                 and an attribute on an opaque directory
   */
  finish(walk: TreeWalk, markers: boolean): { whiteouts: string[]; opaques: string[] } {
    const hidden = new Set([...this.#whiteouts, ...this.#opaques]);
    const outermost = (path: string) => !ancestorsOf(path).some((ancestor) => hidden.has(ancestor));
    const whiteouts: string[] = [];
    const opaques = [...this.#opaques].filter(outermost);

    for (const path of [...this.#whiteouts].filter(outermost).toSorted()) {
      const directory = walk.resolve(folderOf(path));
      const marker = nativePath(pathIn(directory, nameOf(path)));
      const own = lstatSync(marker, { throwIfNoEntry: false });
      if (own === undefined) {
        whiteouts.push(path);
        if (markers) makeSpecialFile(marker, { kind: 'character', major: 0, minor: 0 }, 0o600);
      } else if (own.isDirectory()) opaques.push(path);
    }
    const opaquePaths = [...new Set(opaques)].toSorted();
    for (const path of markers ? opaquePaths : []) markOpaque(walk.resolve(path));
    return { whiteouts: whiteouts.map(recordOfBytes), opaques: opaquePaths.map(recordOfBytes) };
  }

  #add(folder: string, name: string): void {
    const path = joined(folder, name);
    if (this.#whiteouts.has(path)) return;
    this.#whiteouts.add(path);
    const inFolder = this.#byFolder.get(folder);
    if (inFolder === undefined) this.#byFolder.set(folder, [path]);
    else inFolder.push(path);
  }
}

function markOpaque(directory: OpenDirectory): void {
  setExtendedAttribute(pathIn(directory, '.'), 'trusted.overlay.opaque', Buffer.from('y'));
}

/** The folders a path lies in, the root included, itself not. */
function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let folder = path; folder !== '';) ancestors.push((folder = folderOf(folder)));
  return ancestors;
}
