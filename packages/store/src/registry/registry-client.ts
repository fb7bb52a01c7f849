import type { Digest } from '@keelson/image';
import { digestOf, isDigest, manifestMediaTypes } from '@keelson/image';
import type { Files, HttpRequest, HttpResponse } from '@keelson/os/ports';
import { HttpError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { StoreError } from '../store-error.js';
import { verifyBytes } from '../verify-bytes.js';
import { BlobTransfer } from './blob-transfer.js';
import type { RegistryRepository } from './registry-endpoint.js';
import type { Answer, ExchangeOptions } from './registry-exchange.js';
import { RegistryExchange } from './registry-exchange.js';

/** A manifest or index as it was sent; `digest` is that of the bytes. */
export interface RawManifest {
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
  readonly digest: Digest;
}

export interface RegistryClientOptions extends ExchangeOptions {
  readonly files: Files;
  /** Of manifests and configurations. */
  readonly maxDocumentBytes: number;
  /** Of one manifest, configuration or token, with its redirects. */
  readonly documentTimeoutMs: number;
  /** A blob may take `documentTimeoutMs` and what it needs at this rate. */
  readonly slowestBytesPerSecond: number;
}

/** Mirrors first, the registry itself last. */
export type RegistryTargets = readonly RegistryRepository[];

interface Blob {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/** A mirror that does not answer at once costs more than it gives. */
const mirrorAttempts = 2;

/**
 * The part of the OCI distribution API that pulling needs.
 *
 * Everything answered has been checked against its digest over the raw bytes. What a mirror does not give, or
 * gives wrong, is asked of the next endpoint. Source: OCI distribution-spec v1.1.
 */
export class RegistryClient {
  readonly #exchange: RegistryExchange;

  constructor(private readonly options: RegistryClientOptions) {
    this.#exchange = new RegistryExchange(options);
  }

  /**
   * @param reference a tag or a digest
   * @throws StoreError IMAGE_NOT_FOUND  there is no such repository or tag
   * @throws StoreError DIGEST_MISMATCH  the bytes are not those of the digest, or of the header beside them
   */
  manifest(targets: RegistryTargets, reference: string): Future<RawManifest> {
    const accept = { accept: manifestMediaTypes.join(', ') };
    return anywhere(targets, (target, attempts) => {
      const name = nameOf(target, reference);
      const what = `the manifest of ${name}`;
      return this.#document(target, `manifests/${reference}`, accept, what, attempts).then((response) => {
        if (response.status === 404)
          throw new StoreError('IMAGE_NOT_FOUND', `${target.registry} has no image ${name}`);
        expectOk(target, response, what, response.body);
        const stated = response.headers['docker-content-digest'];
        if (isDigest(reference)) verifyBytes(response.body, { digest: reference }, what);
        else if (stated !== undefined && isDigest(stated)) verifyBytes(response.body, { digest: stated }, what);
        const digest = isDigest(reference) ? reference : digestOf(response.body);
        return { bytes: response.body, contentType: response.headers['content-type'], digest };
      });
    });
  }

  /** A small blob, such as a configuration, in memory. */
  document(targets: RegistryTargets, blob: Blob): Future<Uint8Array> {
    if (blob.sizeBytes > this.options.maxDocumentBytes) {
      const why = `blob ${blob.digest} has ${blob.sizeBytes} bytes, over ${this.options.maxDocumentBytes}`;
      throw new StoreError('LIMIT_EXCEEDED', why);
    }
    return anywhere(targets, (target, attempts) => {
      const what = blobOf(target, blob);
      return this.#document(target, `blobs/${blob.digest}`, {}, what, attempts).then((response) => {
        expectOk(target, response, what, response.body);
        verifyBytes(response.body, blob, what);
        return response.body;
      });
    });
  }

  /**
   * Streams a blob into the new file `targetPath`, going on where a transfer broke off. On any failure the file
   * is gone. A sha256 digest is verified on the way; one of sha512 is left to who unpacks it.
   *
   * @throws StoreError SIZE_MISMATCH, DIGEST_MISMATCH
   */
  blob(
    targets: RegistryTargets,
    blob: Blob,
    targetPath: string,
    onProgress: (receivedBytes: number) => void,
  ): Future<void> {
    const { http, files, documentTimeoutMs, slowestBytesPerSecond } = this.options;
    const limitMs = documentTimeoutMs + Math.ceil((blob.sizeBytes * 1000) / slowestBytesPerSecond);
    return anywhere(targets, (target, attempts) => {
      const what = blobOf(target, blob);
      const transfer = new BlobTransfer({ http, files, blob, targetPath, onProgress });
      const once = (): Future<void> =>
        this.#exchange
          .get(target, {
            path: `blobs/${blob.digest}`,
            headers: {},
            limitMs,
            send: (request) => transfer.send(request),
            progressed: () => transfer.progressed(),
            ...(attempts !== undefined && { attempts }),
          })
          .then((result): void | Future<void> => {
            if (result.sha256 === undefined) expectOk(target, result, what, result.errorBody);
            const mismatch = mismatchOf(result, blob, what);
            if (!mismatch) return;
            // What was put together from several answers may have been several blobs.
            if (transfer.startOver()) return once();
            throw mismatch;
          });
      const transferred = once();
      transferred.onDiscarded(() => files.remove(targetPath));
      return transferred.repair((failed) =>
        files.remove(targetPath).then(() => {
          throw tooLarge(failed.failure(), what, blob.sizeBytes);
        }),
      );
    });
  }

  #document(
    target: RegistryRepository,
    path: string,
    headers: Record<string, string>,
    what: string,
    attempts: number | undefined,
  ): Future<HttpResponse> {
    const { http, maxDocumentBytes, documentTimeoutMs: limitMs } = this.options;
    const send = (request: HttpRequest): Future<HttpResponse> =>
      http.request(request, { maxBytes: maxDocumentBytes });
    return this.#exchange
      .get(target, { path, headers, limitMs, send, ...(attempts !== undefined && { attempts }) })
      .repair((failed) => {
        const error = failed.failure();
        if (!(error instanceof HttpError) || error.code !== 'TOO_LARGE') throw error;
        throw new StoreError('LIMIT_EXCEEDED', `${what} is larger than ${maxDocumentBytes} bytes`, { cause: error });
      })
      .then((response) => {
        const encoding = response.headers['content-encoding'] ?? 'identity';
        if (response.status !== 200 || encoding === 'identity') return response;
        // The digest is of the bytes as they are: what a proxy packs on the way is not what was pushed.
        throw new StoreError('REGISTRY_ERROR', `${target.registry} sends ${what} packed, though asked for it as it is`);
      });
  }
}

/** The first that succeeds; else what the last said, which is the registry itself. */
function anywhere<T>(
  targets: RegistryTargets,
  work: (target: RegistryRepository, attempts: number | undefined) => Future<T>,
  index = 0,
): Future<T> {
  const isLast = index === targets.length - 1;
  const done = work(targets[index]!, isLast ? undefined : mirrorAttempts);
  return isLast ? done : done.repair(() => anywhere(targets, work, index + 1));
}

function blobOf({ registry, repository }: RegistryRepository, { digest }: Blob): string {
  return `blob ${digest} of ${registry}/${repository}`;
}

function mismatchOf(
  result: { readonly sha256?: string; readonly sizeBytes?: number },
  blob: { digest: Digest; sizeBytes: number },
  what: string,
): StoreError | undefined {
  if (result.sizeBytes !== blob.sizeBytes) {
    return new StoreError(
      'SIZE_MISMATCH',
      `${what} has ${result.sizeBytes} bytes, not the announced ${blob.sizeBytes}`,
    );
  }
  if (`sha256:${result.sha256}` === blob.digest || blob.digest.startsWith('sha512:')) return undefined;
  return new StoreError('DIGEST_MISMATCH', `${what} came as sha256:${result.sha256}`);
}

function tooLarge(error: Error, what: string, sizeBytes: number): Error {
  if (!(error instanceof HttpError) || error.code !== 'TOO_LARGE') return error;
  return new StoreError('SIZE_MISMATCH', `${what} is larger than the announced ${sizeBytes} bytes`, {
    cause: error,
  });
}

/** Throws unless the status is 200. What the server says is untrusted: it is cut short and stripped. */
function expectOk(
  target: RegistryRepository,
  answer: Answer,
  what: string,
  body: Uint8Array | undefined,
): void {
  if (answer.status === 200) return;
  if (answer.status === 401 || answer.status === 403) {
    throw new StoreError('UNAUTHORIZED', `${target.registry} refuses ${what} (${answer.status})`);
  }
  const said = Buffer.from(body ?? [])
    .subarray(0, 200)
    .toString()
    .replaceAll(/[^\x21-\x7e]+/g, ' ')
    .trim();
  const status = said === '' ? `${answer.status}` : `${answer.status}: ${said}`;
  throw new StoreError('REGISTRY_ERROR', `${target.registry} did not give ${what}; it answered ${status}`);
}

function nameOf(target: RegistryRepository, reference: string): string {
  return `${target.repository}${isDigest(reference) ? '@' : ':'}${reference}`;
}
