import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { HttpClientOptions } from './http-client.js';
import { HttpError, type HttpErrorCode, type HttpRequest } from './ports/http.js';
import type { ProxySettings } from './proxy-settings.js';
import { proxyFor } from './proxy-settings.js';
import { proxyAuthorization, TunnelAgent } from './tunnel-agent.js';

/** A response whose body is still to be read. */
export interface OpenResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly response: IncomingMessage;
}

/** Sends requests over connections that are kept. */
export class HttpExchanges {
  readonly #idleTimeoutMs: number;
  readonly #proxy: ProxySettings;
  readonly #agentOptions: https.AgentOptions;
  readonly #plain: http.Agent;
  readonly #secure: https.Agent;
  /** By the proxy's address. */
  readonly #tunnels = new Map<string, TunnelAgent>();

  constructor({ idleTimeoutMs = 60_000, maxConnections = 32, proxy = {}, ...tls }: HttpClientOptions) {
    const { certificateAuthorities: ca } = tls;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#proxy = proxy;
    this.#agentOptions = { keepAlive: true, maxSockets: maxConnections, ...(ca !== undefined && { ca }) };
    this.#plain = new http.Agent({ keepAlive: true, maxSockets: maxConnections });
    this.#secure = new https.Agent(this.#agentOptions);
  }

  /**
   * Answers when the headers are there.
   *
   * @throws HttpError
   */
  async send(request: HttpRequest, signal: AbortSignal, options: SendOptions = {}): Promise<OpenResponse> {
    for (;;) {
      const { outcome, staleConnection } = await this.#attempt(request, signal, options);
      if (outcome instanceof Error) {
        // The server closed a kept connection just when we used it: it has not seen this request.
        if (staleConnection && request.method !== 'POST') continue;
        throw outcome;
      }
      return { status: outcome.statusCode ?? 0, headers: plainHeaders(outcome), response: outcome };
    }
  }

  close(): void {
    this.#plain.destroy();
    this.#secure.destroy();
    for (const tunnel of this.#tunnels.values()) tunnel.destroy();
  }

  #attempt(request: HttpRequest, signal: AbortSignal, { aside = false }: SendOptions): Promise<Attempt> {
    return new Promise((settle, fail) => {
      const idleTimeoutMs = request.idleTimeoutMs ?? this.#idleTimeoutMs;
      const sent = this.#open(request, signal, idleTimeoutMs, aside);
      let answered: IncomingMessage | undefined;
      if (aside) sent.once('socket', (socket) => socket.unref());
      sent.once('timeout', () => (answered ?? sent).destroy(idleTimeout(request, idleTimeoutMs)));
      sent.once('response', (response) => settle({ outcome: (answered = response), staleConnection: false }));
      // Stays for good: an error after the answer reaches whoever reads the body.
      sent.on('error', (error: NodeJS.ErrnoException) => {
        const staleConnection = sent.reusedSocket && error.code === 'ECONNRESET' && !signal.aborted;
        settle({ outcome: transportError(request, error), staleConnection });
      });
      sent.once('close', () => fail(transportError(request, new Error('closed without an answer'))));
      sent.end(request.body);
    });
  }

  #open(request: HttpRequest, signal: AbortSignal, timeout: number, aside: boolean): http.ClientRequest {
    const url = parseUrl(request);
    const { socketPath } = request;
    const secure = url.protocol === 'https:';
    const alone = aside || socketPath !== undefined;
    const common = {
      method: request.method,
      headers: { 'accept-encoding': 'identity', ...request.headers },
      timeout,
      signal,
    };
    try {
      const proxy = socketPath === undefined ? proxyFor(url, this.#proxy) : undefined;
      if (proxy && !secure) {
        return http.request({
          ...common,
          hostname: bareHost(proxy),
          port: proxy.port,
          // The whole address, by which a proxy knows whom to ask; the server's name goes into Host.
          path: `${url.origin}${url.pathname}${url.search}`,
          headers: { ...common.headers, host: url.host, ...proxyAuthorization(proxy) },
          agent: alone ? false : this.#plain,
        });
      }
      const kept = proxy ? this.#tunnel(proxy) : secure ? this.#secure : this.#plain;
      return (secure ? https : http).request({
        ...common,
        protocol: url.protocol,
        hostname: bareHost(url),
        port: url.port,
        ...(socketPath !== undefined && { socketPath }),
        path: url.pathname + url.search,
        // What is aside has no kept connection, but through a proxy it needs the tunnel all the same.
        agent: alone && !proxy ? false : kept,
      });
    } catch (error) {
      // A header with a line break in it, for example a token that another server made up.
      throw transportError(request, error as Error);
    }
  }

  #tunnel(proxy: URL): TunnelAgent {
    const known = this.#tunnels.get(proxy.href);
    if (known) return known;
    const tunnel = new TunnelAgent(proxy, this.#idleTimeoutMs, this.#agentOptions);
    this.#tunnels.set(proxy.href, tunnel);
    return tunnel;
  }
}

function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

export interface SendOptions {
  /** On a connection of its own that does not keep the process alive. */
  readonly aside?: boolean;
}

interface Attempt {
  readonly outcome: IncomingMessage | Error;
  readonly staleConnection: boolean;
}

/**
 * The body, and nothing more than `maxBytes` of it read.
 *
 * @throws HttpError TOO_LARGE | TRUNCATED | …
 */
export async function readBody(
  request: HttpRequest,
  response: IncomingMessage,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  await eachChunk(request, response, maxBytes, (chunk) => {
    chunks.push(chunk);
  });
  return Buffer.concat(chunks);
}

/** The first bytes of a body that only explains something; the rest is not waited for. */
export async function readBeginning(response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let total = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if ((total += chunk.length) >= maxBytes) break;
    }
  } catch {
    // What has come is explanation enough.
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

/** Hands on the body piece by piece, reading no faster than `use` takes it. */
export async function eachChunk(
  request: HttpRequest,
  response: IncomingMessage,
  maxBytes: number,
  use: (chunk: Buffer) => void | Promise<void>,
): Promise<void> {
  let received = 0;
  const check = (bytes: number) => {
    if (bytes > maxBytes)
      throw new HttpError('TOO_LARGE', `${describe(request)}: the body is larger than ${maxBytes} bytes`);
  };
  try {
    check(request.method === 'HEAD' ? 0 : Number(response.headers['content-length'] ?? 0));
    for await (const chunk of response as AsyncIterable<Buffer>) {
      check((received += chunk.length));
      await use(chunk);
    }
  } catch (error) {
    response.destroy();
    throw bodyError(request, response, error as Error, received);
  }
}

/** Method and address for messages: no credentials, and no query, which may be a signature. */
export function describe({ method, url, socketPath }: HttpRequest): string {
  const { origin, pathname } = URL.canParse(url)
    ? new URL(url)
    : { origin: '', pathname: '<unreadable address>' };
  return socketPath === undefined ? `${method} ${origin}${pathname}` : `${method} ${pathname} at ${socketPath}`;
}

function parseUrl(request: HttpRequest): URL {
  const url = URL.canParse(request.url) ? new URL(request.url) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new HttpError('CONNECTION_FAILED', `${describe(request)}: not an http or https address`);
}

/** Only what the transport threw is translated: a failing `use` (a full disk) keeps its own error. */
function bodyError(request: HttpRequest, response: IncomingMessage, error: Error, received: number): Error {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof HttpError || (code !== 'ECONNRESET' && code !== 'ERR_STREAM_PREMATURE_CLOSE'))
    return error;
  if (response.complete) return error;
  return new HttpError('TRUNCATED', `${describe(request)}: the body broke off after ${received} bytes`, {
    cause: error,
  });
}

function transportError(request: HttpRequest, error: NodeJS.ErrnoException): Error {
  if (error instanceof HttpError) return error;
  const code: HttpErrorCode = error.code?.startsWith('HPE_')
    ? 'INVALID_RESPONSE'
    : error.code === 'ECONNRESET' || error.code === 'EPIPE'
      ? 'CONNECTION_RESET'
      : 'CONNECTION_FAILED';
  return new HttpError(code, `${describe(request)}: ${error.message || error.code || error.name}`, {
    cause: error,
  });
}

function idleTimeout(request: HttpRequest, idleTimeoutMs: number): HttpError {
  return new HttpError('IDLE_TIMEOUT', `${describe(request)}: nothing came for ${idleTimeoutMs} ms`);
}

function plainHeaders(response: IncomingMessage): Record<string, string> {
  const entries = Object.entries(response.headers).map(([name, value]) => [name, [value].flat().join(', ')]);
  return Object.fromEntries(entries) as Record<string, string>;
}
