import type { Digest } from '@keelson/image';
import type { Files } from '@keelson/os/ports';
import type { Executor, Random } from '@keelson/process';
import { Future } from '@keelson/process';
import type { ImageSource } from '../image-source.js';
import { FolderContent } from '../layout/layout-content.js';
import { blobName, LayoutReader } from '../layout/layout-reader.js';
import { findLocal } from '../local-location.js';
import type { StorePaths } from '../paths.js';
import type { BlobRequest, FetchedBlob, ResolvedImage, ResolveRequest, SourceListing } from '../puller.js';
import type { BlobOrigin } from '../puller.js';
import { expectSize, Puller } from '../puller.js';
import { StoreError } from '../store-error.js';
import type { ArchiveLimits, ArchiveMember } from '../workers/index-archive.js';
import type { ArchiveMembers } from './archive-members.js';
import type { DockerArchiveContext } from './docker-archive.js';
import { readDockerArchive, resolveArchived, selectionsOf } from './docker-archive.js';
import type { ArchiveClaim } from './open-archives.js';
import { OpenArchives } from './open-archives.js';

export interface ArchivePullerOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly executor: Executor;
  readonly random: Random;
  /** Of one manifest or configuration; default 4 MiB. */
  readonly maxDocumentBytes?: number;
  readonly limits?: Partial<ArchiveLimits>;
}

type ArchiveScheme = 'docker-archive' | 'oci-archive';

/**
 * Reads images from archives: those of `docker save`, of every age, and OCI layouts in a tar. Packed or not,
 * an archive is never unpacked: its blobs are used where they lie in it (in a plain copy, if it is packed),
 * and the unpacker checks them while it streams. No name in it ever becomes a path.
 */
export class ArchivePuller extends Puller<ArchivePuller> {
  readonly #options: ArchivePullerOptions;
  readonly #archives: OpenArchives;
  readonly #maxBytes: number;
  /** Where the layers of images from `docker save` are, by the opening of their archive. */
  readonly #blobs = new Map<string, Map<Digest, ArchiveMember>>();

  constructor(options: ArchivePullerOptions) {
    super('archive-puller');
    this.#options = options;
    this.#archives = new OpenArchives({ ...options, limits: options.limits ?? {} });
    this.#maxBytes = options.maxDocumentBytes ?? 4 * 1024 * 1024;
  }

  /**
   * @throws StoreError IMAGE_NOT_FOUND   no such file, or it has no image of that name
   * @throws StoreError SELECTION_NEEDED  the archive has several images and none was named
   * @throws StoreError ARCHIVE_INVALID   no archive of images, or a part of it is missing
   * @throws StoreError LIMIT_EXCEEDED    it unpacks to more, or has more members, than allowed
   */
  override resolve(request: ResolveRequest): Future<ResolvedImage> {
    const scheme = schemeOf(request.source);
    return this.#claimed(request.source, (claim, members, selection) => {
      const origin: BlobOrigin = { scheme, location: claim.location };
      if (scheme === 'oci-archive') {
        const loadedFrom = `oci-archive:${members.where}`;
        return this.#layout(members).resolve({ selection, origin, loadedFrom, request });
      }
      const context = this.#dockerContext(members);
      return readDockerArchive(context)
        .then((images) => resolveArchived(context, images, selection, origin, request))
        .then(({ image, blobs }) => {
          const known = this.#blobs.get(claim.location) ?? new Map<Digest, ArchiveMember>();
          for (const [digest, member] of blobs) known.set(digest, member);
          this.#blobs.set(claim.location, known);
          return image;
        });
    });
  }

  /** The blob where it lies in the archive. */
  override fetch(blob: BlobRequest): Future<FetchedBlob> {
    const { location } = blob.origin;
    return this.#archives.of(location).then((members) => {
      const member = this.#blobs.get(location)?.get(blob.digest) ?? members.find(blobName(blob.digest));
      const { path, slice, sizeBytes } = members.place(member);
      expectSize(members.where, sizeBytes, blob);
      return { path, slice, temporary: false, downloadedBytes: 0, unverified: true };
    });
  }

  /**
   * All images of an archive, or the one that is named; of a `docker save` archive every name of each. A
   * folder is taken for an OCI layout.
   */
  override list(source: ImageSource): Future<SourceListing> {
    const { files } = this.#options;
    return findLocal(files, locationOf(source)).then(({ path, kind, selection }) => {
      if (kind !== 'directory') return this.#listArchive(source);
      const layout = new LayoutReader(files, new FolderContent(path, files), this.#maxBytes);
      const names = selection === undefined ? layout.selections() : Future.ready([selection]);
      return names.then((all): SourceListing => ({ sources: all.map((name) => `oci:${path}:${name}`) }));
    });
  }

  #listArchive(source: ImageSource): Future<SourceListing> {
    return this.#claimed(source, (claim, members, selection) => {
      // The archive tells which kind it is. `docker save` writes both since Docker 25, and its names are here.
      const scheme = members.has('manifest.json') || members.has('repositories') ? 'docker-archive' : 'oci-archive';
      const selections =
        selection !== undefined
          ? Future.ready([selection])
          : scheme === 'oci-archive'
            ? this.#layout(members).selections()
            : readDockerArchive(this.#dockerContext(members)).then(selectionsOf);
      return selections.then((names): SourceListing => ({
        sources: names.map((name) => `${scheme}:${members.where}:${name}`),
        origin: { scheme, location: claim.location },
      }));
    });
  }

  override close({ location }: BlobOrigin): Future<void> {
    const closed = this.#archives.release(location);
    if (!this.#archives.isOpen(location)) this.#blobs.delete(location);
    return closed;
  }

  /** The claim is kept if `use` succeeds, until the origin it answers is closed. */
  #claimed<T>(
    source: ImageSource,
    use: (claim: ArchiveClaim, members: ArchiveMembers, selection: string | undefined) => Future<T>,
  ): Future<T> {
    const { files } = this.#options;
    let claim: ArchiveClaim | undefined;
    const used = findLocal(files, locationOf(source)).then((location) =>
      files.status(location.path).then((status) => {
        if (!status) throw new StoreError('IMAGE_NOT_FOUND', `there is no file ${location.path}`);
        const claimed = (claim = this.#archives.claim(location, status));
        return claimed.opened.then((members) => use(claimed, members, location.selection));
      }),
    );
    const giveUp = (): Future<void> =>
      claim ? this.close({ scheme: 'docker-archive', location: claim.location }) : Future.ready(undefined);
    used.onDiscarded(giveUp);
    // What is refused leaves nothing behind, and that before it is told.
    return used.repair((failed) => giveUp().then(() => failed));
  }

  #layout(members: ArchiveMembers): LayoutReader {
    return new LayoutReader(this.#options.files, members, this.#maxBytes);
  }

  #dockerContext(members: ArchiveMembers): DockerArchiveContext {
    const { files, executor } = this.#options;
    return { files, executor, members, maxDocumentBytes: this.#maxBytes };
  }
}

function locationOf(source: ImageSource): string {
  if (source.scheme !== 'docker') return source.location;
  throw new StoreError('SOURCE_UNSUPPORTED', `${source.key} is not a file`);
}

function schemeOf({ scheme, key }: ImageSource): ArchiveScheme {
  if (scheme === 'docker-archive' || scheme === 'oci-archive') return scheme;
  throw new StoreError('SOURCE_UNSUPPORTED', `${key} is not an archive`);
}
