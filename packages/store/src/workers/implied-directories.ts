import { rmdirSync } from 'node:fs';
import { folderOf, nameOf, nativePath } from './byte-path.js';
import type { HiddenPaths } from './hidden-paths.js';
import type { TreeWalk } from './tree-walk.js';
import { pathIn } from './tree-walk.js';

/**
 * The directories of the layers below that this layer holds without listing them: they were copied up because
 * something lies below them, or because a mark or the target of a link was looked for there.
 *
 * A mark that hides those layers may come later. Then one that holds nothing goes, as in other engines, and any
 * other is as one that no layer knows, as it would be had the mark come first.
 */
export class ImpliedDirectories {
  readonly #paths = new Set<string>();

  add(path: string): void {
    this.#paths.add(path);
  }

  /** An entry lists it after all, or it is gone. */
  forget(path: string): void {
    this.#paths.delete(path);
  }

  /**
   * Looks at all that is hidden below, children before their parents, when no more entries come.
   *
   * @param removed  told of each that went
   * @param kept     told of each that holds something
   */
  finish(
    walk: TreeWalk,
    hidden: HiddenPaths,
    removed: (path: string) => void,
    kept: (path: string) => void,
  ): void {
    for (const path of [...this.#paths].toSorted().toReversed()) {
      if (!hidden.hides(path)) continue;
      const self = nativePath(pathIn(walk.resolve(folderOf(path)), nameOf(path)));
      if (removeIfEmpty(self)) removed(path);
      else kept(path);
    }
  }
}

function removeIfEmpty(path: string | Buffer): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOTEMPTY') return false;
    throw error;
  }
}
