import type { Digest } from '@keelson/image';
import { digestOf, isDigest, manifestMediaTypes } from '@keelson/image';
import type { Files, HttpResponse } from '@keelson/os/ports';
import { HttpError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { StoreError } from '../store-error.js';
import { verifyBytes } from '../verify-bytes.js';
import type { Answer, ExchangeOptions, RegistryRepository } from './registry-exchange.js';
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
}

/**
 * The part of the OCI distribution API that pulling needs, as an anonymous client.
 *
 * Everything answered has been checked against its digest over the raw bytes. Source: OCI distribution-spec
 * v1.1.
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
  manifest(target: RegistryRepository, reference: string): Future<RawManifest> {
    const name = nameOf(target, reference);
    return this.#document(target, `manifests/${reference}`, { accept: manifestMediaTypes.join(', ') }).then(
      (response) => {
        if (response.status === 404)
          throw new StoreError('IMAGE_NOT_FOUND', `${target.registry} has no image ${name}`);
        expectOk(target, response, `the manifest of ${name}`, response.body);
        const stated = response.headers['docker-content-digest'];
        if (isDigest(reference)) verifyBytes(response.body, { digest: reference }, `the manifest of ${name}`);
        else if (stated !== undefined && isDigest(stated)) {
          verifyBytes(response.body, { digest: stated }, `the manifest of ${name}`);
        }
        const digest = isDigest(reference) ? reference : digestOf(response.body);
        return { bytes: response.body, contentType: response.headers['content-type'], digest };
      },
    );
  }

  /** A small blob, such as a configuration, in memory. */
  document(target: RegistryRepository, blob: { digest: Digest; sizeBytes: number }): Future<Uint8Array> {
    const what = `blob ${blob.digest} of ${target.registry}/${target.repository}`;
    if (blob.sizeBytes > this.options.maxDocumentBytes) {
      throw new StoreError(
        'LIMIT_EXCEEDED',
        `${what} has ${blob.sizeBytes} bytes, over ${this.options.maxDocumentBytes}`,
      );
    }
    return this.#document(target, `blobs/${blob.digest}`, {}).then((response) => {
      expectOk(target, response, what, response.body);
      verifyBytes(response.body, blob, what);
      return response.body;
    });
  }

  /**
   * Streams a blob into the new file `targetPath`. On any failure the file is gone.
   *
   * @throws StoreError SIZE_MISMATCH, DIGEST_MISMATCH
   */
  blob(
    target: RegistryRepository,
    blob: { digest: Digest; sizeBytes: number },
    targetPath: string,
    onProgress: (receivedBytes: number) => void,
  ): Future<void> {
    const what = `blob ${blob.digest} of ${target.registry}/${target.repository}`;
    if (!blob.digest.startsWith('sha256:')) {
      throw new StoreError(
        'INVALID_MANIFEST',
        `${what} cannot be verified while it is streamed: it is not named by sha256`,
      );
    }
    return this.#exchange
      .get(target, `blobs/${blob.digest}`, {}, (request) =>
        this.options.http.download(request, targetPath, { maxBytes: blob.sizeBytes, onProgress }),
      )
      .repair((failed) => {
        throw tooLarge(failed.failure(), what, blob.sizeBytes);
      })
      .then((result) => {
        expectOk(target, result, what, result.errorBody);
        const mismatch = mismatchOf(result, blob, what);
        if (!mismatch) return undefined;
        return this.options.files.remove(targetPath).then((): void => {
          throw mismatch;
        });
      });
  }

  #document(target: RegistryRepository, path: string, headers: Record<string, string>): Future<HttpResponse> {
    return this.#exchange.get(target, path, headers, (request) =>
      this.options.http.request(request, { maxBytes: this.options.maxDocumentBytes }),
    );
  }
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
  if (`sha256:${result.sha256}` === blob.digest) return undefined;
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
