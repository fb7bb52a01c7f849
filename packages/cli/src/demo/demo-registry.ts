import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OciContent } from './oci-content.js';

export interface AccessRecord {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly sentBytes: number;
}

/**
 * A read-only registry on a free loopback port, speaking the pull half of the OCI distribution specification
 * 1.1: the version check, manifests by tag or digest, blobs with ranges. It forgets everything when it is
 * closed.
 */
export class DemoRegistry {
  readonly accessLog: AccessRecord[] = [];

  private constructor(
    private readonly content: OciContent,
    private readonly server: Server,
  ) {}

  static async listen(content: OciContent): Promise<DemoRegistry> {
    const server = createServer();
    const registry = new DemoRegistry(content, server);
    server.on('request', (request, response) => registry.#answer(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return registry;
  }

  /** `127.0.0.1:PORT`, the first part of every reference it serves. */
  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '/').split('?')[0]!;
    const method = request.method ?? 'GET';
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    const sentBytes =
      method === 'GET' || method === 'HEAD'
        ? this.#serve(path, request, response)
        : refuse(response, 405, 'UNSUPPORTED');
    this.accessLog.push({ method, path, status: response.statusCode, sentBytes });
  }

  #serve(path: string, request: IncomingMessage, response: ServerResponse): number {
    if (path === '/v2/') return send(request, response, 200, 'application/json', Buffer.from('{}'));

    const match = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path);
    if (!match) return refuse(response, 404, 'NAME_UNKNOWN');
    const [, repository, kind, name] = match as unknown as [string, string, 'manifests' | 'blobs', string];
    const digest = name.includes(':')
      ? name
      : kind === 'manifests'
        ? this.content.resolve(repository, name)
        : undefined;
    const blob = digest === undefined ? undefined : this.content.blob(digest);
    if (!blob) return refuse(response, 404, kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN');

    response.setHeader('docker-content-digest', digest!);
    if (kind === 'manifests') return send(request, response, 200, blob.mediaType, blob.bytes);
    return sendRange(request, response, blob.bytes);
  }
}

function sendRange(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): number {
  const size = bytes.byteLength;
  response.setHeader('accept-ranges', 'bytes');
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  if (!range) return send(request, response, 200, 'application/octet-stream', bytes);

  const first = Number(range[1]);
  const last = range[2] ? Math.min(Number(range[2]), size - 1) : size - 1;
  if (first > last) {
    response.setHeader('content-range', `bytes */${size}`);
    return refuse(response, 416, 'RANGE_INVALID');
  }
  response.setHeader('content-range', `bytes ${first}-${last}/${size}`);
  return send(request, response, 206, 'application/octet-stream', bytes.subarray(first, last + 1));
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  mediaType: string,
  body: Uint8Array,
): number {
  response.writeHead(status, { 'content-type': mediaType, 'content-length': body.byteLength });
  if (request.method === 'HEAD') {
    response.end();
    return 0;
  }
  response.end(body);
  return body.byteLength;
}

function refuse(response: ServerResponse, status: number, code: string): number {
  const body = Buffer.from(
    JSON.stringify({ errors: [{ code, message: code.toLowerCase().replace('_', ' ') }] }),
  );
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.byteLength });
  response.end(body);
  return body.byteLength;
}
