import type { ImageManifest } from '@keelson/image';
import { formatReference, parseManifest } from '@keelson/image';
import type { Files, Http } from '@keelson/os/ports';
import type { Random } from '@keelson/process';
import { after, defer, Future } from '@keelson/process';
import type { BlobOrigin, BlobRequest, FetchedBlob, ResolvedImage, ResolveRequest } from '../puller.js';
import { Puller } from '../puller.js';
import { choosePlatform, resolveImage } from '../resolve-image.js';
import { StoreError } from '../store-error.js';
import type { RetryPolicy } from './backoff.js';
import { defaultRetryPolicy } from './backoff.js';
import type { RawManifest } from './registry-client.js';
import { RegistryClient } from './registry-client.js';
import { endpointOf } from './registry-endpoint.js';
import type { RegistryRepository } from './registry-exchange.js';

export interface RegistryPullerOptions {
  readonly http: Http;
  readonly files: Files;
  readonly random: Random;
  readonly retry?: RetryPolicy;
  /** Of one manifest or configuration; default 4 MiB, as registries have it. */
  readonly maxDocumentBytes?: number;
}

/** An index may name an index; deeper than this it is no image of anybody's. */
const deepestIndex = 3;

/**
 * Pulls from registries that speak the OCI distribution API: manifests and indexes of OCI and of Docker.
 *
 * Credentials and mirrors belong below it, in `RegistryExchange` (who is asked, and with what).
 */
export class RegistryPuller extends Puller<RegistryPuller> {
  readonly #client: RegistryClient;

  constructor(options: RegistryPullerOptions) {
    super('registry-puller');
    this.#client = new RegistryClient({
      http: options.http,
      files: options.files,
      // Through the mailbox, because only a running handler knows its runtime's clock.
      pause: (ms) => defer(this, () => after(ms))(),
      random: () => options.random.next(),
      retry: options.retry ?? defaultRetryPolicy,
      maxDocumentBytes: options.maxDocumentBytes ?? 4 * 1024 * 1024,
    });
  }

  /**
   * @throws StoreError IMAGE_NOT_FOUND, UNAUTHORIZED, REGISTRY_UNREACHABLE, REGISTRY_ERROR, DIGEST_MISMATCH,
   *     PLATFORM_NOT_FOUND
   * @throws ImageError INVALID_MANIFEST, …
   */
  override resolve(request: ResolveRequest): Future<ResolvedImage> {
    const { source } = request;
    if (source.scheme !== 'docker')
      throw new StoreError('SOURCE_UNSUPPORTED', `${source.key} is not in a registry`);
    const { registry, repository, tag, digest } = source.reference;
    if (registry === 'localhost') {
      throw new StoreError(
        'IMAGE_NOT_FOUND',
        `${source.key} is not here: names below localhost/ are loaded, never fetched`,
      );
    }
    const target = { ...endpointOf(registry, request.insecure), repository };

    return this.#client
      .manifest(target, digest ?? tag ?? 'latest')
      .then((top) => this.#image(target, top, formatReference(source.reference), request));
  }

  override fetch(
    blob: BlobRequest,
    targetPath: string,
    onProgress: (receivedBytes: number) => void,
  ): Future<FetchedBlob> {
    return this.#client.blob(targetOf(blob), blob, targetPath, onProgress).then(() => ({
      path: targetPath,
      temporary: true,
      downloadedBytes: blob.sizeBytes,
    }));
  }

  #image(
    target: RegistryRepository,
    top: RawManifest,
    reference: string,
    request: ResolveRequest,
  ): Future<ResolvedImage> {
    return this.#choose(target, top, request, deepestIndex).then(({ manifest, raw }) =>
      this.#config(target, manifest, request).then((config) =>
        resolveImage(
          {
            reference,
            digest: raw.digest,
            ...(raw === top ? {} : { indexDigest: top.digest }),
            manifest,
            config,
            origin: originOf(target, request.insecure),
          },
          request,
        ),
      ),
    );
  }

  /** Goes from an index to the manifest of the platform. */
  #choose(
    target: RegistryRepository,
    raw: RawManifest,
    request: ResolveRequest,
    depth: number,
  ): Future<{ manifest: ImageManifest; raw: RawManifest }> {
    const parsed = parseManifest(raw.bytes, raw.contentType);
    if (parsed.kind === 'manifest') return Future.ready({ manifest: parsed, raw });
    if (depth === 0)
      throw new StoreError('INVALID_MANIFEST', `${request.source.key} is an index of indexes of indexes`);
    const chosen = choosePlatform(parsed, request);
    return this.#client
      .manifest(target, chosen.digest)
      .then((next) => this.#choose(target, next, request, depth - 1));
  }

  #config(
    target: RegistryRepository,
    manifest: ImageManifest,
    { known }: ResolveRequest,
  ): Future<Uint8Array | NonNullable<ResolveRequest['known']>> {
    if (known?.configDigest === manifest.config.digest) return Future.ready(known);
    return this.#client.document(target, manifest.config);
  }
}

function originOf(target: RegistryRepository, insecure: boolean | undefined): BlobOrigin {
  const location = `${target.registry}/${target.repository}`;
  return { scheme: 'docker', location, ...(insecure ? { insecure } : {}) };
}

function targetOf({ origin }: BlobRequest): RegistryRepository {
  const slash = origin.location.indexOf('/');
  return {
    ...endpointOf(origin.location.slice(0, slash), origin.insecure),
    repository: origin.location.slice(slash + 1),
  };
}
