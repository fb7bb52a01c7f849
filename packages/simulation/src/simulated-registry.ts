import { createHash } from 'node:crypto';
import type { DownloadOptions, DownloadResult, Http, HttpRequest, HttpResponse } from '@keelson/os/ports';
import { HttpError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { Deferred } from '@keelson/process';
import { walk } from './files/disk-walk.js';
import type { SimulatedDisk } from './files/simulated-disk.js';
import type { SimulatedImage } from './simulated-image.js';

/**
 * What may go wrong with one answer. A delay needs no fault: the dispatcher delays by choosing others first.
 */
export type NetworkFault = 'reset' | 'truncated' | 'corrupted' | 'unavailable';

/** The machine a registry answers to. */
export interface SimulatedConnection {
  readonly disk: SimulatedDisk;
  readonly schedule: (label: string, run: () => void) => void;
  readonly fault?: (path: string) => NetworkFault | undefined;
}

/**
 * A registry and the network before it, as the `Http` port sees them: it speaks the read part of the OCI
 * distribution API for the images put into it. A request is answered when the dispatcher chooses its item, so
 * answers reorder freely.
 */
export class SimulatedRegistry implements Http {
  readonly #documents = new Map<string, { readonly bytes: Uint8Array; readonly mediaType: string }>();
  readonly #requests: string[] = [];
  #connection: SimulatedConnection | undefined;

  /** Paths asked for so far, in order, for example `/v2/library/app/manifests/latest`. */
  get requests(): readonly string[] {
    return this.#requests;
  }

  /** Paths of blobs asked for so far. */
  get blobRequests(): readonly string[] {
    return this.#requests.filter((path) => path.includes('/blobs/'));
  }

  /** Makes `tag` of `repository` name this image from now on. */
  put(repository: string, tag: string, image: SimulatedImage): void {
    const { manifest, mediaType } = image;
    for (const name of [tag, manifest.digest]) {
      this.#documents.set(`/v2/${repository}/manifests/${name}`, { bytes: manifest.bytes, mediaType });
    }
    for (const { digest, bytes } of image.blobs) {
      this.#documents.set(`/v2/${repository}/blobs/${digest}`, { bytes, mediaType: 'application/octet-stream' });
    }
  }

  /** From now on this machine is served: it chooses when answers come, and downloads land on its disk. */
  connect(connection: SimulatedConnection): void {
    this.#connection = connection;
  }

  request(request: HttpRequest): Future<HttpResponse> {
    return this.#exchange(request, (response) => response);
  }

  download(request: HttpRequest, targetPath: string, options: DownloadOptions): Future<DownloadResult> {
    return this.#exchange<DownloadResult>(request, ({ status, headers, body }) => {
      if (status !== 200) return { status, headers, errorBody: body };
      if (body.length > options.maxBytes) {
        throw new HttpError('TOO_LARGE', `${request.url} is over ${options.maxBytes} bytes`);
      }
      const { directory, name } = walk(this.#machine.disk, targetPath, 'open');
      this.#machine.disk.create(directory, name, { kind: 'file', content: body, mode: 0o600 });
      options.onProgress?.(body.length);
      return { status, headers, sizeBytes: body.length, sha256: createHash('sha256').update(body).digest('hex') };
    });
  }

  #exchange<T>(request: HttpRequest, make: (response: HttpResponse) => T): Future<T> {
    const { pathname } = new URL(request.url);
    this.#requests.push(pathname);
    const answer = new Deferred<T>();
    answer.future.onDiscard(() => answer.discard());
    this.#machine.schedule(`${request.method} ${pathname}`, () => {
      if (!answer.future.isPending()) return;
      try {
        answer.set(make(this.#respond(pathname)));
      } catch (error) {
        answer.fail(error as Error);
      }
    });
    return answer.future;
  }

  get #machine(): SimulatedConnection {
    if (this.#connection === undefined) throw new Error('the simulated registry is connected to no machine');
    return this.#connection;
  }

  #respond(path: string): HttpResponse {
    const fault = this.#machine.fault?.(path);
    if (fault === 'reset') throw new HttpError('CONNECTION_RESET', `the connection for ${path} was reset`);
    if (fault === 'truncated') throw new HttpError('TRUNCATED', `the answer for ${path} ended early`);
    if (fault === 'unavailable') return { status: 503, headers: {}, body: new Uint8Array() };
    const document = this.#documents.get(path);
    if (document === undefined) return { status: 404, headers: {}, body: new Uint8Array() };
    const bytes = fault === 'corrupted' ? document.bytes.with(0, document.bytes[0]! ^ 1) : document.bytes;
    return { status: 200, headers: { 'content-type': document.mediaType }, body: bytes };
  }
}
