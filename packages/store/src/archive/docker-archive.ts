import type { Digest, DockerArchiveImage } from '@keelson/image';
import {
  digestOf,
  formatReference,
  mediaTypes,
  parseDockerArchive,
  parseImageConfig,
  parseManifest,
  parseReference,
} from '@keelson/image';
import type { Files } from '@keelson/os/ports';
import type { Executor } from '@keelson/process';
import { collect, Future } from '@keelson/process';
import { readDocument } from '../layout/layout-content.js';
import { loadedName } from '../layout/loaded-name.js';
import { baseNameOf } from '../local-location.js';
import type { BlobOrigin, ResolvedImage, ResolveRequest } from '../puller.js';
import { resolveImage } from '../resolve-image.js';
import { StoreError } from '../store-error.js';
import type { ArchiveMember } from '../workers/index-archive.js';
import type { ArchiveMembers } from './archive-members.js';
import { readLegacyImages } from './legacy-archive.js';

export interface DockerArchiveContext {
  readonly files: Files;
  /** Runs `store.digest-blob`. */
  readonly executor: Executor;
  readonly members: ArchiveMembers;
  readonly maxDocumentBytes: number;
}

/** An image of the archive: its configuration, and its layers where they lie. */
export interface ArchivedImage {
  readonly repoTags: readonly string[];
  /** Reads the configuration, or makes it where old archives have none. */
  readonly config: () => Future<Uint8Array>;
  readonly layers: readonly ArchiveMember[];
}

/** A resolved image, and where its blobs are. */
export interface FoundInArchive {
  readonly image: ResolvedImage;
  readonly blobs: ReadonlyMap<Digest, ArchiveMember>;
}

/** The images of an archive that `docker save` wrote, in the order of the archive. */
export function readDockerArchive(context: DockerArchiveContext): Future<readonly ArchivedImage[]> {
  const { files, members, maxDocumentBytes } = context;
  if (!members.has('manifest.json')) return readLegacyImages(context);
  return readDocument(files, members, 'manifest.json', maxDocumentBytes).then((bytes) => {
    const images = parseDockerArchive(bytes);
    if (images.length === 0) throw new StoreError('IMAGE_NOT_FOUND', `${members.where} holds no image`);
    return images.map((image) => archived(image, context));
  });
}

function archived({ config, layers, repoTags }: DockerArchiveImage, context: DockerArchiveContext): ArchivedImage {
  const { files, members, maxDocumentBytes } = context;
  return {
    repoTags,
    config: () => readDocument(files, members, config, maxDocumentBytes),
    layers: layers.map((name) => members.find(name)),
  };
}

/**
 * What a selection may be: every name of every image, and `@N` for the N-th where it has none. Loading all
 * of them loads all the archive.
 */
export function selectionsOf(images: readonly ArchivedImage[]): readonly string[] {
  const names = images.flatMap(({ repoTags }, index) => (repoTags.length === 0 ? [`@${index}`] : repoTags));
  return [...new Set(names)];
}

/**
 * Finds one image of the archive, and makes the manifest that such archives lack: its digest is that of the
 * image from then on.
 *
 * @throws StoreError IMAGE_NOT_FOUND, SELECTION_NEEDED, ARCHIVE_INVALID, INVALID_MANIFEST
 */
export function resolveArchived(
  context: DockerArchiveContext,
  images: readonly ArchivedImage[],
  selection: string | undefined,
  origin: BlobOrigin,
  request: ResolveRequest,
): Future<FoundInArchive> {
  const { where } = context.members;
  const { archivedImage, repoTag } = select(images, where, selection);
  return archivedImage.config().then((config) => {
    const { diffIds } = parseImageConfig(config);
    if (diffIds.length !== archivedImage.layers.length) {
      const counts = `${archivedImage.layers.length} layers, its configuration ${diffIds.length}`;
      throw new StoreError('INVALID_MANIFEST', `cannot use an image of ${where}: its manifest lists ${counts}`);
    }
    const digests = archivedImage.layers.map((layer, index) => layerDigest(context, layer, diffIds[index]!));
    return collect(digests).then((layerDigests) => {
      const bytes = manifestBytes(config, archivedImage.layers, layerDigests);
      const manifest = parseManifest(bytes);
      if (manifest.kind !== 'manifest') throw new Error('a manifest of our own is no manifest');
      const image = resolveImage(
        {
          reference: loadedName(repoTag && fullName(repoTag), baseNameOf(where)),
          digest: digestOf(bytes),
          manifest,
          config,
          origin,
          loadedFrom: ['docker-archive', where, ...(selection === undefined ? [] : [selection])].join(':'),
        },
        request,
      );
      return { image, blobs: new Map(layerDigests.map((digest, index) => [digest, archivedImage.layers[index]!])) };
    });
  });
}

function select(images: readonly ArchivedImage[], where: string, selection: string | undefined) {
  if (selection === undefined) {
    const [archivedImage] = images;
    if (images.length === 1) return { archivedImage: archivedImage!, repoTag: archivedImage!.repoTags[0] };
    throw new StoreError('SELECTION_NEEDED', `${where} holds several images; name one of: ${listOf(images)}`);
  }
  const wanted = fullName(selection);
  for (const [index, archivedImage] of images.entries()) {
    const repoTag = archivedImage.repoTags.find((tag) => tag === selection || fullName(tag) === wanted);
    if (repoTag !== undefined) return { archivedImage, repoTag };
    if (selection === `@${index}`) return { archivedImage, repoTag: archivedImage.repoTags[0] };
  }
  throw new StoreError('IMAGE_NOT_FOUND', `${where} has no image ${selection}; it has: ${listOf(images)}`);
}

function listOf(images: readonly ArchivedImage[]): string {
  return selectionsOf(images).slice(0, 20).join(', ') || 'none';
}

/** As Docker reads it: `app:1` of an archive is `docker.io/library/app:1`. What is no name is left as it is. */
function fullName(repoTag: string): string {
  try {
    return formatReference(parseReference(repoTag));
  } catch {
    return repoTag;
  }
}

/** A plain layer is named by its diff id, which unpacking verifies; a packed one has to be hashed. */
function layerDigest(
  { executor, members }: DockerArchiveContext,
  layer: ArchiveMember,
  diffId: Digest,
): Future<Digest> {
  if (layer.compression === 'none') return Future.ready(diffId);
  const { path, slice } = members.place(layer);
  return executor.execute<Digest>({ name: 'store.digest-blob', input: { path, slice } });
}

function manifestBytes(config: Uint8Array, layers: readonly ArchiveMember[], digests: readonly Digest[]): Uint8Array {
  const suffix = { none: '', gzip: '.gzip', zstd: '.zstd' };
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: { mediaType: mediaTypes.dockerConfig, size: config.length, digest: digestOf(config) },
      layers: layers.map(({ compression, sizeBytes }, index) => ({
        mediaType: `${mediaTypes.dockerLayer}${suffix[compression]}`,
        size: sizeBytes,
        digest: digests[index],
      })),
    }),
  );
}
