import type { FileSlice } from '@keelson/os/ports';
import type { Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { codeOf, StoreError } from '../store-error.js';

/** Where the bytes of one file of a layout are. */
export interface LayoutFile {
  readonly path: string;
  /** Missing where it is the whole file. */
  readonly slice?: FileSlice;
  readonly sizeBytes: number;
}

/** The files of an OCI layout, wherever they lie: `index.json`, `blobs/sha256/…`. */
export interface LayoutContent {
  /** For messages, for example `/images/app`. */
  readonly where: string;
  /** @throws StoreError LAYOUT_INVALID  there is none of that name */
  locate(name: string): Future<LayoutFile>;
}

/** A layout that is a folder. Names come from validated digests, so they cannot leave it. */
export class FolderContent implements LayoutContent {
  constructor(
    readonly where: string,
    private readonly files: Files,
  ) {}

  locate(name: string): Future<LayoutFile> {
    const path = `${this.where}/${name}`;
    return this.files.status(path).then((status) => {
      if (status?.kind !== 'file') throw missing(path);
      return { path, sizeBytes: status.sizeBytes };
    });
  }
}

/**
 * Reads a document of a layout.
 *
 * @throws StoreError LAYOUT_INVALID  it is missing
 * @throws StoreError LIMIT_EXCEEDED  it is larger than any honest document
 */
export function readDocument(
  files: Files,
  content: LayoutContent,
  name: string,
  maxBytes: number,
): Future<Uint8Array> {
  return content.locate(name).then(({ path, slice, sizeBytes }) => {
    if (sizeBytes > maxBytes) {
      throw new StoreError('LIMIT_EXCEEDED', `${name} of ${content.where} is larger than ${maxBytes} bytes`);
    }
    return files.read(path, { maxBytes, ...(slice && { slice }) }).repair((failed) => {
      const error = failed.failure();
      throw codeOf(error) === 'ENOENT' ? missing(path, error) : error;
    });
  });
}

function missing(path: string, cause?: Error): StoreError {
  return new StoreError('LAYOUT_INVALID', `the layout has no file ${path}`, cause && { cause });
}
