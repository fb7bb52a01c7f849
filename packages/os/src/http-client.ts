import { Deferred, Future } from '@keelson/process';
import { downloadToFile } from './http-download.js';
import { eachChunk, HttpExchanges, readBeginning, readBody } from './http-exchange.js';
import type { ProxySettings } from './proxy-settings.js';
import type { DownloadOptions, DownloadResult, Http, HttpRequest, HttpResponse } from './ports/http.js';
import type { HttpStreams, StreamOptions, StreamResult } from './ports/http.js';

export interface HttpClientOptions {
  /** No byte for so long fails with IDLE_TIMEOUT. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Connections at once to one server; further requests wait. Default 32. */
  readonly maxConnections?: number;
  /** Default: none, whatever the environment says (`proxySettingsOf` reads it). */
  readonly proxy?: ProxySettings;
  /** Certificates to trust instead of those that Node knows, in PEM. */
  readonly certificateAuthorities?: string;
}

/**
 * HTTP and HTTPS on Node's own client. Connections are kept for the next request and do not keep the process
 * alive. Bodies are asked for and taken as they are (`Accept-Encoding: identity`): digests are of those
 * bytes.
 */
export class HttpClient implements Http, HttpStreams {
  readonly #exchanges: HttpExchanges;

  constructor(options: HttpClientOptions = {}) {
    this.#exchanges = new HttpExchanges(options);
  }

  request(
    request: HttpRequest,
    { maxBytes = 4 * 1024 ** 2 }: { maxBytes?: number } = {},
  ): Future<HttpResponse> {
    return abortable(async (signal) => {
      const { response, ...answered } = await this.#exchanges.send(request, signal);
      return { ...answered, body: await readBody(request, response, maxBytes) };
    });
  }

  download(request: HttpRequest, targetPath: string, options: DownloadOptions): Future<DownloadResult> {
    return abortable((signal) => downloadToFile(this.#exchanges, request, targetPath, options, signal));
  }

  stream(request: HttpRequest, { onChunk }: StreamOptions): Future<StreamResult> {
    return abortable(async (signal) => {
      const { response, status, headers } = await this.#exchanges.send(request, signal, { aside: true });
      if (status < 200 || status > 299) {
        return { status, headers, errorBody: await readBeginning(response, ERROR_BODY_BYTES) };
      }
      await eachChunk(request, response, Infinity, async (chunk) => void (await onChunk(chunk)));
      return { status, headers };
    });
  }

  /** Ends the connections that nobody uses; running requests go on. */
  close(): void {
    this.#exchanges.close();
  }
}

/** Discarding aborts, and the future is discarded once everything is cleaned up. */
function abortable<T>(operation: (signal: AbortSignal) => Promise<T>): Future<T> {
  const controller = new AbortController();
  const answer = new Deferred<T>();
  answer.future.onDiscard(() => controller.abort());
  Future.from(operation(controller.signal))
    .onReady((value) => answer.set(value))
    .onFailed((error) => (controller.signal.aborted ? answer.discard() : answer.fail(error)));
  return answer.future;
}

const ERROR_BODY_BYTES = 65_536;
