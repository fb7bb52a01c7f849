import type { FileMetadata, MetadataWriter } from './file-metadata.js';
import type { SkippedEntries } from './skipped-entries.js';
import type { TreeWalk } from './tree-walk.js';
import { pathIn } from './tree-walk.js';

/** The mode in which directories are made and filled: ours alone, and writable whatever the layer says. */
export const directoryCreationMode = 0o700;

/**
 * Keeps what directories are to have until nothing is written into them any more: every entry would move
 * their time, and without privileges a read-only directory could not be filled.
 */
export class DirectoryMetadata {
  readonly #byPath = new Map<string, FileMetadata>();

  /** @param path  byte string below the root; a later call for the same directory wins */
  set(path: string, metadata: FileMetadata): void {
    this.#byPath.set(path, metadata);
  }

  /** The directory is gone. */
  forget(path: string): void {
    this.#byPath.delete(path);
  }

  /** Children before their parents, which may then become closed to us. */
  finish(walk: TreeWalk, writer: MetadataWriter, skipped: SkippedEntries): void {
    for (const path of [...this.#byPath.keys()].toSorted().toReversed()) {
      const directory = walk.resolve(path);
      const report = (why: string) => skipped.add(path, why);
      const self = pathIn(directory, '.');
      writer.writeOpen(directory.descriptor, self, this.#byPath.get(path)!, directoryCreationMode, report);
    }
  }
}
