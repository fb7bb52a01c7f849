import { makeSpecialFile, setExtendedAttribute } from '@keelson/os/system-calls';
import { lstatSync } from 'node:fs';
import { folderOf, joined, nameOf, nativePath, recordOfBytes } from './byte-path.js';
import type { LayerMarks, OpenDirectory, TreeWalk } from './tree-walk.js';
import { pathIn } from './tree-walk.js';

/**
 * What a layer hides in the layers below it.
 *
 * A mark is kept only if something below is there to hide, so that no mark shows up in a view of its own. Whiteouts
 * never touch what this layer itself brings, whatever the order in the archive: a directory of this layer under a
 * whiteout of the same name becomes opaque, and anything else hides what is below by itself.
 */
export class HiddenPaths implements LayerMarks {
  readonly whiteouts = new Set<string>();
  readonly opaques = new Set<string>();

  /** `.wh.name` in `directory`. */
  addWhiteout(walk: TreeWalk, directory: OpenDirectory, name: string): void {
    if (walk.lookupBelow(directory, name) !== undefined) this.whiteouts.add(joined(directory.path, name));
  }

  /** `.wh..wh..opq` in `directory`. */
  addOpaque(walk: TreeWalk, directory: OpenDirectory): void {
    if (walk.lowerOf(directory).layers.length === 0) return;
    if (directory.path === '') {
      // overlayfs does not ask whether the root of a layer is opaque, so what is to hide is hidden name by name.
      for (const name of walk.namesBelow(directory)) this.whiteouts.add(name);
      return;
    }
    this.opaques.add(directory.path);
    walk.hideLower(directory);
  }

  /** What lay in a directory of this layer that is gone again hides nothing any more. */
  forgetBelow(path: string): void {
    for (const marks of [this.whiteouts, this.opaques]) {
      for (const mark of marks) if (mark.startsWith(`${path}/`)) marks.delete(mark);
    }
    this.opaques.delete(path);
  }

  /**
   * Settles the marks when the whole tree is there, and answers them as path text, sorted.
   *
   * @param markers  whether to put into the tree what overlayfs reads: a 0:0 character device for a whiteout and an
   *                 attribute on an opaque directory
   */
  finish(walk: TreeWalk, markers: boolean): { whiteouts: string[]; opaques: string[] } {
    const hidden = new Set([...this.whiteouts, ...this.opaques]);
    const outermost = (path: string) => !ancestorsOf(path).some((ancestor) => hidden.has(ancestor));
    const whiteouts: string[] = [];
    const opaques = [...this.opaques].filter(outermost);

    for (const path of [...this.whiteouts].filter(outermost).sort()) {
      const directory = walk.resolve(folderOf(path));
      const marker = nativePath(pathIn(directory, nameOf(path)));
      const own = lstatSync(marker, { throwIfNoEntry: false });
      if (own === undefined) {
        whiteouts.push(path);
        if (markers) makeSpecialFile(marker, { kind: 'character', major: 0, minor: 0 }, 0o600);
      } else if (own.isDirectory()) opaques.push(path);
    }
    const opaquePaths = [...new Set(opaques)].sort();
    for (const path of markers ? opaquePaths : []) markOpaque(walk.resolve(path));
    return { whiteouts: whiteouts.map(recordOfBytes), opaques: opaquePaths.map(recordOfBytes) };
  }
}

function markOpaque(directory: OpenDirectory): void {
  setExtendedAttribute(pathIn(directory, '.'), 'trusted.overlay.opaque', Buffer.from('y'));
}

/** The folders a path lies in, the root included, itself not. */
function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (let folder = path; folder !== ''; ) ancestors.push((folder = folderOf(folder)));
  return ancestors;
}
