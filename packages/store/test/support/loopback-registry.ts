import { digestOf, mediaTypes } from '@keelson/image';
import { gzipSync } from 'node:zlib';
import { configOf } from './archives.js';
import type { IncomingMessage, ServerResponse } from './loopback-server.js';
import { LoopbackServer } from './loopback-server.js';

export interface Served {
  readonly bytes: Buffer;
  readonly type: string;
}

/** Handles a request in its own way, or answers `false` to have it served as it should be. */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, served: Served | undefined) => boolean;

/** A registry over real HTTP that can be made to misbehave in every way, one repository at a time. */
export class LoopbackRegistry {
  readonly #documents = new Map<string, Served>();
  readonly #misbehaviours: { readonly match: RegExp; readonly misbehave: Misbehaviour }[] = [];
  server!: LoopbackServer;

  static async open(): Promise<LoopbackRegistry> {
    const registry = new LoopbackRegistry();
    registry.server = await LoopbackServer.open((request, response) => registry.#serve(request, response));
    return registry;
  }

  get host(): string {
    return this.server.host;
  }

  /** Requests whose path matches are handled by `misbehave`, the newest first. */
  misbehave(match: RegExp, misbehave: Misbehaviour): void {
    this.#misbehaviours.unshift({ match, misbehave });
  }

  /** Publishes an image of gzipped layers; answers the paths of its layers. */
  publish(repository: string, tag: string, layers: readonly Buffer[], pack: (tar: Buffer) => Buffer = gzipSync): string[] {
    const blob = (bytes: Buffer): { digest: string; size: number } => {
      const digest = digestOf(bytes);
      this.put(`/v2/${repository}/blobs/${digest}`, bytes, 'application/octet-stream');
      return { digest, size: bytes.length };
    };
    const packed = layers.map(pack);
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config: { mediaType: mediaTypes.ociConfig, ...blob(configOf(layers)) },
        layers: packed.map((bytes) => ({ mediaType: `${mediaTypes.ociLayer}+gzip`, ...blob(bytes) })),
      }),
    );
    for (const name of [tag, digestOf(manifest)]) {
      this.put(`/v2/${repository}/manifests/${name}`, manifest, mediaTypes.ociManifest);
    }
    return packed.map((bytes) => `/v2/${repository}/blobs/${digestOf(bytes)}`);
  }

  put(path: string, bytes: Buffer, type: string): void {
    this.#documents.set(path, { bytes, type });
  }

  count(path: string): number {
    return this.server.requests.filter(({ url }) => url === path).length;
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = (request.url ?? '').replace(/\?.*/, '');
    const served = this.#documents.get(path);
    for (const { match, misbehave } of this.#misbehaviours) {
      if (match.test(path) && misbehave(request, response, served)) return;
    }
    if (!served) return void response.writeHead(404).end('{"errors":[]}');
    serveWell(request, response, served);
  }
}

/** As a registry should: with ranges. */
export function serveWell(request: IncomingMessage, response: ServerResponse, { bytes, type }: Served): void {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const headers = { 'content-type': type, 'content-length': bytes.length - from };
  if (from === 0) return void response.writeHead(200, headers).end(bytes);
  const range = { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(206, { ...headers, ...range }).end(bytes.subarray(from));
}
