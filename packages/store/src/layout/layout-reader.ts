import type { Digest, ImageIndex, ImageManifest, ManifestDescriptor } from '@keelson/image';
import { algorithmOf, hexOf, parseManifest } from '@keelson/image';
import type { Files } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { baseNameOf } from '../local-location.js';
import type { BlobOrigin, ResolvedImage, ResolveRequest } from '../puller.js';
import { choosePlatform, resolveImage } from '../resolve-image.js';
import { StoreError } from '../store-error.js';
import { verifyBytes } from '../verify-bytes.js';
import type { LayoutContent } from './layout-content.js';
import { readDocument } from './layout-content.js';
import { loadedName } from './loaded-name.js';

/** Which image of a layout is wanted, and what the answer says of where it came from. */
export interface LayoutRequest {
  readonly selection: string | undefined;
  readonly origin: BlobOrigin;
  /** The scheme and the path. */
  readonly loadedFrom: string;
  readonly request: ResolveRequest;
}

const refName = 'org.opencontainers.image.ref.name';
const deepestIndex = 3;

/** Finds images in an OCI layout. Source: OCI image-spec `image-layout.md`. */
export class LayoutReader {
  constructor(
    private readonly files: Files,
    private readonly content: LayoutContent,
    private readonly maxDocumentBytes: number,
  ) {}

  /** What a selection may be: the names of the images, or the digests of those without one. */
  selections(): Future<readonly string[]> {
    return this.#index().then(namesOf);
  }

  /** @throws StoreError IMAGE_NOT_FOUND, SELECTION_NEEDED, LAYOUT_INVALID, DIGEST_MISMATCH, … */
  resolve({ selection, origin, loadedFrom, request }: LayoutRequest): Future<ResolvedImage> {
    const { where } = this.content;
    return this.#index().then((index) => {
      const top = select(index, where, selection);
      const reference = loadedName(top.annotations[refName], baseNameOf(where));
      return this.#choose(top, request, deepestIndex).then(({ manifest, digest }) =>
        this.#config(manifest, request).then((config) =>
          resolveImage(
            {
              reference,
              digest,
              ...(digest === top.digest ? {} : { indexDigest: top.digest }),
              manifest,
              config,
              origin,
              loadedFrom: [loadedFrom, ...(selection === undefined ? [] : [selection])].join(':'),
            },
            request,
          ),
        ),
      );
    });
  }

  #index(): Future<ImageIndex> {
    const { where } = this.content;
    return this.#read('oci-layout')
      .then((marker) => {
        if (layoutVersion(marker) !== '1.0.0') {
          throw new StoreError('LAYOUT_INVALID', `${where} is not an OCI layout of version 1.0.0`);
        }
        return this.#read('index.json');
      })
      .then((bytes) => {
        const index = parseManifest(bytes);
        if (index.kind === 'index') return index;
        throw new StoreError('LAYOUT_INVALID', `${where}/index.json is not an index`);
      });
  }

  /** Goes from an index to the manifest of the platform. */
  #choose(
    descriptor: ManifestDescriptor,
    request: ResolveRequest,
    depth: number,
  ): Future<{ manifest: ImageManifest; digest: Digest }> {
    type Chosen = { manifest: ImageManifest; digest: Digest };
    return this.#blob(descriptor).then((bytes): Chosen | Future<Chosen> => {
      const parsed = parseManifest(bytes, descriptor.mediaType);
      if (parsed.kind === 'manifest') return { manifest: parsed, digest: descriptor.digest };
      if (depth === 0)
        throw new StoreError('LAYOUT_INVALID', `${this.content.where} nests indexes too deeply`);
      return this.#choose(choosePlatform(parsed, request), request, depth - 1);
    });
  }

  #config(
    manifest: ImageManifest,
    { known }: ResolveRequest,
  ): Future<Uint8Array | NonNullable<ResolveRequest['known']>> {
    if (known?.configDigest === manifest.config.digest) return Future.ready(known);
    return this.#blob(manifest.config);
  }

  #blob(blob: { digest: Digest; sizeBytes: number }): Future<Uint8Array> {
    const name = blobName(blob.digest);
    return this.#read(name).then((bytes) => {
      verifyBytes(bytes, blob, `${name} of ${this.content.where}`);
      return bytes;
    });
  }

  #read(name: string): Future<Uint8Array> {
    return readDocument(this.files, this.content, name, this.maxDocumentBytes);
  }
}

/** Digests are validated where documents are parsed, so this cannot leave the layout. */
export function blobName(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** The entry that was named, or the only one. Platforms of one name are told apart later. */
function select(index: ImageIndex, where: string, selection: string | undefined): ManifestDescriptor {
  const names = namesOf(index);
  const list = names.slice(0, 20).join(', ') || 'none';
  if (selection === undefined) {
    if (index.manifests.length === 1) return index.manifests[0]!;
    if (names.length === 0) throw new StoreError('IMAGE_NOT_FOUND', `${where} holds no image`);
    throw new StoreError('SELECTION_NEEDED', `${where} holds several images; name one of: ${list}`);
  }
  const chosen = index.manifests.find(
    (manifest) => manifest.annotations[refName] === selection || manifest.digest === selection,
  );
  if (chosen) return chosen;
  throw new StoreError('IMAGE_NOT_FOUND', `${where} has no image ${selection}; it has: ${list}`);
}

function namesOf(index: ImageIndex): string[] {
  return [...new Set(index.manifests.map((manifest) => manifest.annotations[refName] ?? manifest.digest))];
}

function layoutVersion(marker: Uint8Array): unknown {
  try {
    return (JSON.parse(Buffer.from(marker).toString()) as { imageLayoutVersion?: unknown } | null)
      ?.imageLayoutVersion;
  } catch {
    return undefined;
  }
}
