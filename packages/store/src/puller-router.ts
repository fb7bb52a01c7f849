import type { Future, PID } from '@keelson/process';
import type { SourceScheme } from './image-source.js';
import type { BlobRequest, FetchedBlob, ResolvedImage, ResolveRequest } from './puller.js';
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

  #of(scheme: SourceScheme): PID<Puller> {
    const puller = this.pullers[scheme];
    if (puller) return puller;
    throw new StoreError('SOURCE_UNSUPPORTED', `images cannot be pulled from ${scheme}: in this release`);
  }
}
