import type { Hash } from 'node:crypto';
import { createHash, hash } from 'node:crypto';
import { folderOf, nameOf } from './byte-path.js';

/** Of so many files at most a digest is kept: about 200 bytes each. Those of the others are read back. */
const mostKept = 100_000;
/** Of sha256, a character a byte. */
const digestLength = 32;

/**
 * Digests (sha256, one character a byte) of the files that a layer's archive brings, taken as they pass: so a tree
 * needs not be read again to be hashed. Paths are byte strings.
 */
export class FileDigests {
  /** By folder, so that a folder which goes takes no search of all. */
  readonly #byFolder = new Map<string, Map<string, string>>();
  #kept = 0;
  #hash: Hash | undefined;
  #whole: string | undefined;

  /** The next bytes of the present file, which has `sizeBytes`. */
  update(bytes: Buffer, sizeBytes: number): void {
    // Most files come in one piece, and that way is the quicker one.
    if (this.#hash === undefined && bytes.length === sizeBytes) this.#whole = hash('sha256', bytes, 'binary');
    else (this.#hash ??= createHash('sha256')).update(bytes);
  }

  /** The present file is whole. */
  end(path: string): void {
    const digest = this.#whole ?? this.#hash?.digest('binary');
    this.#whole = this.#hash = undefined;
    if (digest !== undefined) this.#set(path, digest);
  }

  /** Of a file that has content and is kept. */
  get(path: string): string | undefined {
    return this.#byFolder.get(folderOf(path))?.get(nameOf(path));
  }

  /** Of all files in one folder, by name. */
  inFolder(folder: string): ReadonlyMap<string, string> | undefined {
    return this.#byFolder.get(folder);
  }

  /** Another name for the same file. */
  link(path: string, target: string): void {
    const digest = this.get(target);
    if (digest !== undefined) this.#set(path, digest);
  }

  /** What had that name is gone. */
  forget(path: string): void {
    if (this.#byFolder.get(folderOf(path))?.delete(nameOf(path))) this.#kept -= 1;
  }

  /** The directory is gone with all in it. */
  forgetFolder(directory: string): void {
    this.#kept -= this.#byFolder.get(directory)?.size ?? 0;
    this.#byFolder.delete(directory);
  }

  /** All of them in a form that goes from thread to thread without an object for each. */
  pack(): Uint8Array {
    const parts: string[] = [];
    for (const [folder, names] of this.#byFolder) {
      parts.push(`${folder}\0${names.size}\0`);
      for (const [name, digest] of names) parts.push(`${name}\0${digest}`);
    }
    return Buffer.from(parts.join(''), 'latin1');
  }

  /** What `pack` made. */
  static unpack(packed: Uint8Array): FileDigests {
    const text = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength).toString('latin1');
    const digests = new FileDigests();
    let at = 0;
    const word = (): string => {
      const end = text.indexOf('\0', at);
      const found = text.slice(at, end);
      at = end + 1;
      return found;
    };
    while (at < text.length) {
      const names = new Map<string, string>();
      digests.#byFolder.set(word(), names);
      for (let left = Number(word()); left > 0; left -= 1) {
        names.set(word(), text.slice(at, at + digestLength));
        at += digestLength;
      }
      digests.#kept += names.size;
    }
    return digests;
  }

  #set(path: string, digest: string): void {
    this.forget(path);
    if (this.#kept >= mostKept) return;
    this.#kept += 1;
    const folder = folderOf(path);
    const names = this.#byFolder.get(folder);
    if (names === undefined) this.#byFolder.set(folder, new Map([[nameOf(path), digest]]));
    else names.set(nameOf(path), digest);
  }
}
