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
import type { RegistryAccess } from './credential.js';
import { anonymousAccess } from './given-credentials.js';
import type { RawManifest, RegistryTargets } from './registry-client.js';
import { RegistryClient } from './registry-client.js';
import type { RegistriesSettings } from './registry-endpoint.js';
import { endpointsOf } from './registry-endpoint.js';

export interface RegistryPullerOptions {
  readonly http: Http;
  readonly files: Files;
  readonly random: Random;
  readonly retry?: RetryPolicy;
  /** Of one manifest or configuration; default 4 MiB, as registries have it. */
  readonly maxDocumentBytes?: number;
  /** Of one manifest, configuration or token, redirects included; default 120,000. */
  readonly documentTimeoutMs?: number;
  /** A blob that comes slower, all in all, is given up; default 32 KiB. */
  readonly slowestBytesPerSecond?: number;
  /** Milliseconds since the epoch, for tokens that run out; default the system's. */
  readonly now?: () => number;
  /** Whose credentials are shown where a request brings none of its own; default nobody's. */
  readonly access?: RegistryAccess;
  /** What is configured, by registry. */
  readonly registries?: RegistriesSettings;
}

/** An index may name an index; deeper than this it is no image of anybody's. */
const deepestIndex = 3;

/**
 * Pulls from registries that speak the OCI distribution API: manifests and indexes of OCI and of Docker.
 *
 * Who is asked, and with what, is decided below it: endpoints and mirrors by `endpointsOf`, credentials by
 * `RegistryAuthorization`.
 */
export class RegistryPuller extends Puller<RegistryPuller> {
  readonly #client: RegistryClient;
  readonly #access: RegistryAccess;
  readonly #registries: RegistriesSettings;

  constructor(options: RegistryPullerOptions) {
    super('registry-puller');
    this.#access = options.access ?? anonymousAccess;
    this.#registries = options.registries ?? {};
    this.#client = new RegistryClient({
      http: options.http,
      files: options.files,
      // Through the mailbox, because only a running handler knows its runtime's clock.
      pause: (ms) => defer(this, () => after(ms))(),
      random: () => options.random.next(),
      retry: options.retry ?? defaultRetryPolicy,
      maxDocumentBytes: options.maxDocumentBytes ?? 4 * 1024 * 1024,
      documentTimeoutMs: options.documentTimeoutMs ?? 120_000,
      slowestBytesPerSecond: options.slowestBytesPerSecond ?? 32 * 1024,
      now: options.now ?? Date.now,
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
    const origin: BlobOrigin = {
      scheme: 'docker',
      location: `${registry}/${repository}`,
      ...(request.insecure && { insecure: true }),
      ...(request.access && { access: request.access }),
    };
    const targets = this.#targets(origin);

    return this.#client
      .manifest(targets, digest ?? tag ?? 'latest')
      .then((top) => this.#image(targets, origin, top, formatReference(source.reference), request));
  }

  override fetch(
    blob: BlobRequest,
    targetPath: string,
    onProgress: (receivedBytes: number) => void,
  ): Future<FetchedBlob> {
    return this.#client.blob(this.#targets(blob.origin), blob, targetPath, onProgress).then(() => ({
      path: targetPath,
      temporary: true,
      downloadedBytes: blob.sizeBytes,
      ...(blob.digest.startsWith('sha512:') && { unverified: true }),
    }));
  }

  #image(
    targets: RegistryTargets,
    origin: BlobOrigin,
    top: RawManifest,
    reference: string,
    request: ResolveRequest,
  ): Future<ResolvedImage> {
    return this.#choose(targets, top, request, deepestIndex).then(({ manifest, raw }) =>
      this.#config(targets, manifest, request).then((config) =>
        resolveImage(
          {
            reference,
            digest: raw.digest,
            ...(raw === top ? {} : { indexDigest: top.digest }),
            manifest,
            config,
            origin,
          },
          request,
        ),
      ),
    );
  }

  /** Goes from an index to the manifest of the platform. */
  #choose(
    targets: RegistryTargets,
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
      .manifest(targets, chosen.digest)
      .then((next) => this.#choose(targets, next, request, depth - 1));
  }

  #config(
    targets: RegistryTargets,
    manifest: ImageManifest,
    { known }: ResolveRequest,
  ): Future<Uint8Array | NonNullable<ResolveRequest['known']>> {
    if (known?.configDigest === manifest.config.digest) return Future.ready(known);
    return this.#client.document(targets, manifest.config);
  }

  #targets({ location, insecure, access = this.#access }: BlobOrigin): RegistryTargets {
    const slash = location.indexOf('/');
    const registry = location.slice(0, slash);
    const settings = Object.hasOwn(this.#registries, registry) ? this.#registries[registry] : undefined;
    return endpointsOf(registry, location.slice(slash + 1), settings, insecure).map((endpoint) => ({
      ...endpoint,
      access,
    }));
  }
}
