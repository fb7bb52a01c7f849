import type { Digest, ImageIndex, ImageManifest, ManifestDescriptor } from '@keelson/image';
import { hexOf, algorithmOf, parseManifest } from '@keelson/image';
import type { Files } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import type { BlobRequest, FetchedBlob, ResolvedImage, ResolveRequest } from '../puller.js';
import { Puller } from '../puller.js';
import { choosePlatform, resolveImage } from '../resolve-image.js';
import { codeOf, StoreError } from '../store-error.js';
import { verifyBytes } from '../verify-bytes.js';
import type { LayoutLocation } from './layout-location.js';
import { findLayout } from './layout-location.js';
import { loadedName } from './loaded-name.js';

export interface LayoutPullerOptions {
  readonly files: Files;
  /** Of `index.json`, one manifest or one configuration; default 4 MiB. */
  readonly maxDocumentBytes?: number;
}

const refName = 'org.opencontainers.image.ref.name';
const deepestIndex = 3;

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
    return findLayout(this.#files, source.location).then((location) =>
      this.#index(location).then((index) => {
        const chosen = select(index, location);
        const baseName = location.folder.slice(location.folder.lastIndexOf('/') + 1);
        const name = loadedName(chosen.annotations[refName], baseName);
        return this.#image(location, chosen, name, request);
      }),
    );
  }

  /** The blob where it lies, once its size is right. */
  override fetch(blob: BlobRequest): Future<FetchedBlob> {
    const path = blobPath(blob.origin.location, blob.digest);
    return this.#files.status(path).then((status) => {
      if (status?.kind !== 'file') throw new StoreError('LAYOUT_INVALID', `the layout has no file ${path}`);
      if (status.sizeBytes !== blob.sizeBytes) {
        throw new StoreError('SIZE_MISMATCH', `${path} has ${status.sizeBytes} bytes, not ${blob.sizeBytes}`);
      }
      return { path, temporary: false, downloadedBytes: 0 };
    });
  }

  #index(location: LayoutLocation): Future<ImageIndex> {
    return this.#read(`${location.folder}/oci-layout`)
      .then((marker) => {
        if (layoutVersion(marker) !== '1.0.0') {
          throw new StoreError('LAYOUT_INVALID', `${location.folder} is not an OCI layout of version 1.0.0`);
        }
        return this.#read(`${location.folder}/index.json`);
      })
      .then((bytes) => {
        const index = parseManifest(bytes);
        if (index.kind === 'index') return index;
        throw new StoreError('LAYOUT_INVALID', `${location.folder}/index.json is not an index`);
      });
  }

  #image(
    location: LayoutLocation,
    top: ManifestDescriptor,
    name: string,
    request: ResolveRequest,
  ): Future<ResolvedImage> {
    const { selection } = location;
    return this.#choose(location, top, request, deepestIndex).then(({ manifest, digest }) =>
      this.#config(location, manifest, request).then((config) =>
        resolveImage(
          {
            reference: name,
            digest,
            ...(digest === top.digest ? {} : { indexDigest: top.digest }),
            manifest,
            config,
            origin: { scheme: 'oci', location: location.folder },
            loadedFrom: ['oci', location.folder, ...(selection === undefined ? [] : [selection])].join(':'),
          },
          request,
        ),
      ),
    );
  }

  /** Goes from an index to the manifest of the platform. */
  #choose(
    location: LayoutLocation,
    descriptor: ManifestDescriptor,
    request: ResolveRequest,
    depth: number,
  ): Future<{ manifest: ImageManifest; digest: Digest }> {
    return this.#document(location, descriptor).then(
      (
        bytes,
      ):
        { manifest: ImageManifest; digest: Digest } | Future<{ manifest: ImageManifest; digest: Digest }> => {
        const parsed = parseManifest(bytes, descriptor.mediaType);
        if (parsed.kind === 'manifest') return { manifest: parsed, digest: descriptor.digest };
        if (depth === 0)
          throw new StoreError('LAYOUT_INVALID', `${location.folder} nests indexes too deeply`);
        return this.#choose(location, choosePlatform(parsed, request), request, depth - 1);
      },
    );
  }

  #config(
    location: LayoutLocation,
    manifest: ImageManifest,
    { known }: ResolveRequest,
  ): Future<Uint8Array | NonNullable<ResolveRequest['known']>> {
    if (known?.configDigest === manifest.config.digest) return Future.ready(known);
    return this.#document(location, manifest.config);
  }

  #document(location: LayoutLocation, blob: { digest: Digest; sizeBytes: number }): Future<Uint8Array> {
    const path = blobPath(location.folder, blob.digest);
    return this.#read(path).then((bytes) => {
      verifyBytes(bytes, blob, path);
      return bytes;
    });
  }

  #read(path: string): Future<Uint8Array> {
    return this.#files.read(path, { maxBytes: this.#maxBytes }).repair((failed) => {
      const error = failed.failure();
      if (codeOf(error) === 'ENOENT')
        throw new StoreError('LAYOUT_INVALID', `the layout has no file ${path}`, { cause: error });
      if (codeOf(error) === 'EFBIG') {
        throw new StoreError('LIMIT_EXCEEDED', `${path} is larger than ${this.#maxBytes} bytes`, {
          cause: error,
        });
      }
      throw error;
    });
  }
}

/** The entry that was named, or the only one. Platforms of one name are told apart later. */
function select(index: ImageIndex, { folder, selection }: LayoutLocation): ManifestDescriptor {
  const names = [
    ...new Set(index.manifests.map((manifest) => manifest.annotations[refName] ?? manifest.digest)),
  ];
  const list = names.slice(0, 20).join(', ') || 'none';
  if (selection === undefined) {
    if (index.manifests.length === 1) return index.manifests[0]!;
    if (names.length === 0) throw new StoreError('IMAGE_NOT_FOUND', `${folder} holds no image`);
    throw new StoreError('SELECTION_NEEDED', `${folder} holds several images; name one of: ${list}`);
  }
  const chosen = index.manifests.find(
    (manifest) => manifest.annotations[refName] === selection || manifest.digest === selection,
  );
  if (chosen) return chosen;
  throw new StoreError('IMAGE_NOT_FOUND', `${folder} has no image ${selection}; it has: ${list}`);
}

/** Digests are validated where documents are parsed, so this cannot leave the folder. */
function blobPath(folder: string, digest: Digest): string {
  return `${folder}/blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

function layoutVersion(marker: Uint8Array): unknown {
  try {
    return (JSON.parse(Buffer.from(marker).toString()) as { imageLayoutVersion?: unknown } | null)
      ?.imageLayoutVersion;
  } catch {
    return undefined;
  }
}
