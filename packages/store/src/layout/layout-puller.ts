import type { Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import type { ImageSource } from '../image-source.js';
import { findLocal } from '../local-location.js';
import type { BlobRequest, FetchedBlob, ResolvedImage, ResolveRequest, SourceListing } from '../puller.js';
import { expectSize, Puller } from '../puller.js';
import { StoreError } from '../store-error.js';
import { FolderContent } from './layout-content.js';
import { blobName, LayoutReader } from './layout-reader.js';

export interface LayoutPullerOptions {
  readonly files: Files;
  /** Of `index.json`, one manifest or one configuration; default 4 MiB. */
  readonly maxDocumentBytes?: number;
}

/**
 * Reads images from OCI layout folders. Blobs are used where they lie and never copied; the unpacker checks
 * them while it streams.
 *
 * Source: OCI image-spec `image-layout.md`.
 */
export class LayoutPuller extends Puller<LayoutPuller> {
  readonly #files: Files;
  readonly #maxBytes: number;

  constructor(options: LayoutPullerOptions) {
    super('layout-puller');
    this.#files = options.files;
    this.#maxBytes = options.maxDocumentBytes ?? 4 * 1024 * 1024;
  }

  /**
   * @throws StoreError IMAGE_NOT_FOUND   no such folder, or it has no image of that name
   * @throws StoreError SELECTION_NEEDED  the folder has several images and none was named
   * @throws StoreError LAYOUT_INVALID    the folder is no OCI layout, or a blob is missing
   */
  override resolve(request: ResolveRequest): Future<ResolvedImage> {
    const { source } = request;
    if (source.scheme !== 'oci')
      throw new StoreError('SOURCE_UNSUPPORTED', `${source.key} is not an OCI layout`);
    return findLocal(this.#files, source.location).then(({ path, selection }) => {
      const origin = { scheme: 'oci', location: path } as const;
      return this.#reader(path).resolve({ selection, origin, loadedFrom: `oci:${path}`, request });
    });
  }

  /** The blob where it lies, once its size is right. */
  override fetch(blob: BlobRequest): Future<FetchedBlob> {
    const content = new FolderContent(blob.origin.location, this.#files);
    return content.locate(blobName(blob.digest)).then((file) => {
      expectSize(file.path, file.sizeBytes, blob);
      return { path: file.path, temporary: false, downloadedBytes: 0, unverified: true };
    });
  }

  /** All images of the folder, or the one that is named. */
  override list(source: ImageSource): Future<SourceListing> {
    if (source.scheme !== 'oci') throw new StoreError('SOURCE_UNSUPPORTED', `${source.key} is not an OCI layout`);
    return findLocal(this.#files, source.location).then(({ path, selection }) => {
      if (selection !== undefined) return { sources: [source.key] };
      return this.#reader(path)
        .selections()
        .then((names) => ({ sources: names.map((name) => `oci:${path}:${name}`) }));
    });
  }

  #reader(folder: string): LayoutReader {
    return new LayoutReader(this.#files, new FolderContent(folder, this.#files), this.#maxBytes);
  }
}
