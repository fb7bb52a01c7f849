import { folderOf, joined, nameOf } from './byte-path.js';

/**
 * The files that a layer holds only because it links to them: they were copied from below, and no entry brings them.
 * So what hides their names hides them too.
 */
export class CopiedUp {
  /** Names by folder, so that a folder which goes takes no search of all. */
  readonly #byFolder = new Map<string, Set<string>>();

  add(path: string): void {
    const names = this.#byFolder.get(folderOf(path));
    if (names === undefined) this.#byFolder.set(folderOf(path), new Set([nameOf(path)]));
    else names.add(nameOf(path));
  }

  has(path: string): boolean {
    return this.#byFolder.get(folderOf(path))?.has(nameOf(path)) ?? false;
  }

  /** An entry brings it after all, or it is gone. */
  forget(path: string): void {
    this.#byFolder.get(folderOf(path))?.delete(nameOf(path));
  }

  /** The directory is gone with all in it. */
  forgetFolder(directory: string): void {
    this.#byFolder.delete(directory);
  }

  paths(): string[] {
    return [...this.#byFolder].flatMap(([folder, names]) => [...names].map((name) => joined(folder, name)));
  }
}
