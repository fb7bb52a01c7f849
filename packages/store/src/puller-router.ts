import type { Future, PID } from '@keelson/process';
import type { ImageSource, SourceScheme } from './image-source.js';
import type {
  BlobOrigin,
  BlobRequest,
  FetchedBlob,
  ResolvedImage,
  ResolveRequest,
  SourceListing,
} from './puller.js';
import { Puller } from './puller.js';
import { StoreError } from './store-error.js';

/** Hands every request to the puller of its scheme. */
export class PullerRouter extends Puller<PullerRouter> {
  constructor(private readonly pullers: Readonly<Partial<Record<SourceScheme, PID<Puller>>>>) {
    super('puller');
  }

  override resolve(request: ResolveRequest): Future<ResolvedImage> {
    return this.#of(request.source.scheme).resolve(request);
  }

  override fetch(
    blob: BlobRequest,
    targetPath: string,
    onProgress: (receivedBytes: number) => void,
  ): Future<FetchedBlob> {
    return this.#of(blob.origin.scheme).fetch(blob, targetPath, onProgress);
  }

  override list(source: ImageSource): Future<SourceListing> {
    return this.#of(source.scheme).list(source);
  }

  override close(origin: BlobOrigin): Future<void> {
    return this.#of(origin.scheme).close(origin);
  }

  #of(scheme: SourceScheme): PID<Puller> {
    const puller = this.pullers[scheme];
    if (puller) return puller;
    throw new StoreError('SOURCE_UNSUPPORTED', `images cannot be pulled from ${scheme}: in this release`);
  }
}
