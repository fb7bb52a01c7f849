import { createHash } from 'node:crypto';
import { digestOf, mediaTypes } from '@keelson/image';
import type { DownloadOptions, DownloadResult, Http, HttpRequest, HttpResponse } from '@keelson/os/ports';
import { HttpError } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import type { MemoryFiles } from './memory-files.js';

export interface Reply {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Uint8Array | string;
}

type Handler = (request: HttpRequest) => Reply | HttpError | undefined;

/**
 * Registries behind the Http port: what is published under a URL is served, and handlers may step in first.
 */
export class FakeRegistry implements Http {
  readonly log: HttpRequest[] = [];
  readonly #replies = new Map<string, Reply>();
  readonly #handlers: Handler[] = [];

  constructor(private readonly files: MemoryFiles) {}

  /** Asked before what is published, the newest first; `undefined` passes. */
  intercept(handler: Handler): void {
    this.#handlers.unshift(handler);
  }

  serve(url: string, reply: Reply): void {
    this.#replies.set(url, reply);
  }

  urls(): string[] {
    return this.log.map((request) => request.url);
  }

  blob(base: string, content: string): { mediaType: string; digest: string; size: number } {
    const digest = digestOf(Buffer.from(content));
    this.serve(`${base}/blobs/${digest}`, { status: 200, body: content });
    return { mediaType: mediaTypes.ociLayer, digest, size: content.length };
  }

  /** Publishes an image of these layer texts under `tag` and its digest. */
  image(base: string, tag: string, layers: readonly string[], architecture = 'amd64'): PublishedImage {
    const diffIds = layers.map((text) => digestOf(Buffer.from(text)));
    const config = JSON.stringify({
      os: 'linux',
      architecture,
      rootfs: { type: 'layers', diff_ids: diffIds },
    });
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { ...this.blob(base, config), mediaType: mediaTypes.ociConfig },
      layers: layers.map((text) => this.blob(base, text)),
    });
    return this.document(base, tag, mediaTypes.ociManifest, manifest);
  }

  index(
    base: string,
    tag: string,
    entries: readonly (PublishedImage & { architecture: string })[],
  ): PublishedImage {
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociIndex,
      manifests: entries.map(({ digest, size, mediaType, architecture }) => ({
        mediaType,
        digest,
        size,
        platform: { os: 'linux', architecture },
      })),
    });
    return this.document(base, tag, mediaTypes.ociIndex, index);
  }

  document(base: string, tag: string, mediaType: string, body: string): PublishedImage {
    const digest = digestOf(Buffer.from(body));
    const reply = {
      status: 200,
      headers: { 'content-type': mediaType, 'docker-content-digest': digest },
      body,
    };
    for (const name of [tag, digest]) this.serve(`${base}/manifests/${name}`, reply);
    return { digest, size: body.length, mediaType };
  }

  request(request: HttpRequest, { maxBytes = 1 << 22 } = {}): Future<HttpResponse> {
    const reply = this.#answer(request);
    if (reply instanceof HttpError) return Future.failed(reply);
    const body = Buffer.from(reply.body ?? '');
    if (body.length > maxBytes) return Future.failed(new HttpError('TOO_LARGE', 'the body is too large'));
    return Future.ready({ status: reply.status, headers: reply.headers ?? {}, body });
  }

  download(request: HttpRequest, targetPath: string, options: DownloadOptions): Future<DownloadResult> {
    const reply = this.#answer(request);
    if (reply instanceof HttpError) return Future.failed(reply);
    const body = Buffer.from(reply.body ?? '');
    const headers = reply.headers ?? {};
    if (reply.status !== 200) return Future.ready({ status: reply.status, headers, errorBody: body });
    if (body.length > options.maxBytes)
      return Future.failed(new HttpError('TOO_LARGE', 'the body is too large'));
    this.files.put(targetPath, body);
    options.onProgress?.(body.length);
    const sha256 = createHash('sha256').update(body).digest('hex');
    return Future.ready({ status: 200, headers, sha256, sizeBytes: body.length });
  }

  #answer(request: HttpRequest): Reply | HttpError {
    this.log.push(request);
    for (const handler of this.#handlers) {
      const reply = handler(request);
      if (reply) return reply;
    }
    return this.#replies.get(request.url) ?? { status: 404, body: '{"errors":[{"code":"UNKNOWN"}]}' };
  }
}

export interface PublishedImage {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
}
