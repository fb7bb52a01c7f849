import { recordOfBytes } from './byte-path.js';

export interface SkippedEntry {
  /** Path text below the root. */
  readonly path: string;
  readonly why: string;
}

/** More are counted but not told. */
const mostTold = 1000;

/**
 * What an unpack or copy left out, and why: devices without privileges, attributes the file system cannot
 * keep.
 */
export class SkippedEntries {
  readonly told: SkippedEntry[] = [];
  count = 0;

  /** @param path  a byte string */
  add(path: string, why: string): void {
    if (++this.count <= mostTold) this.told.push({ path: recordOfBytes(path), why });
  }
}
