import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Recorder } from '../recorder.js';
import type { Refusal } from './access.js';
import { Access, bearerOf } from './access.js';
import { InspectorError } from './inspector-error.js';
import { PageFiles } from './page-files.js';
import { streamRecords } from './record-stream.js';
import { StatelySocket } from './stately-socket.js';

/** What the endpoint shows. */
export interface EndpointOptions {
  readonly recorder: Recorder;
  /** Whose page it is, as its title says. */
  readonly title: string;
  /** Answers the picture of the store, a plain JSON document; without it the page has no such view. */
  readonly picture?: (() => PromiseLike<unknown>) | undefined;
  /** A saved trace that the page opens, in place of a live stream. */
  readonly trace?: string | undefined;
  readonly token?: string | undefined;
}

const ROOT = '/inspector/';
const MOST_VIEWERS = 16;

/**
 * Everything below `/inspector/`: the page, which anybody on this machine may have, and what it shows, for which one
 * must know the token. Mount it in any HTTP server:
 *
 * @example
 * createServer((request, response) => void (endpoint.handle(request, response) || notFound(response)))
 *   .on('upgrade', (request, socket, head) => endpoint.upgrade(request, socket, head) || socket.destroy());
 */
export class InspectorEndpoint {
  readonly #access: Access;
  readonly #pages = new PageFiles();
  readonly #stately: StatelySocket;
  readonly #streams = new Set<() => void>();

  constructor(private readonly options: EndpointOptions) {
    this.#access = new Access(options.token);
    this.#stately = new StatelySocket(options.recorder, () => this.#originMs());
  }

  /** The fragment that opens the page: it is never sent to a server, so it stands in no log. */
  get fragment(): string {
    return `#token=${this.#access.token}`;
  }

  /** Answers requests below `/inspector/`; false, and nothing done, for others. */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request);
    if (path === '/inspector') {
      response.writeHead(308, { location: ROOT }).end();
      return true;
    }
    if (!path.startsWith(ROOT)) return false;
    response.on('error', () => {});
    try {
      this.#answer(path.slice(ROOT.length), request, response);
    } catch (error) {
      refuse(response, error instanceof InspectorError ? 503 : 500, (error as Error).message);
    }
    return true;
  }

  /** Takes over WebSockets below `/inspector/`; false, and nothing done, for others. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (pathOf(request) !== `${ROOT}stately/socket`) return false;
    const token = new URL(request.url ?? '', 'http://localhost').searchParams.get('token') ?? undefined;
    const refusal = this.#access.refuseStranger(request, token) ?? this.#crowded();
    if (refusal) socket.end(`HTTP/1.1 ${refusal.status} Refused\r\nconnection: close\r\n\r\n`);
    else this.#stately.accept(request, socket, head);
    return true;
  }

  /** Ends every stream. */
  close(): void {
    for (const end of this.#streams) end();
    this.#stately.close();
  }

  #answer(name: string, request: IncomingMessage, response: ServerResponse): void {
    const told = ['stream', 'store', 'trace'].includes(name);
    const refusal = told ? this.#access.refuseStranger(request, bearerOf(request)) : this.#access.refuse(request);
    if (refusal) refuse(response, refusal.status, refusal.message);
    else if (name === 'stream') this.#stream(response);
    else if (name === 'store') void this.#picture(response);
    else if (name === 'trace') this.#trace(response);
    else if (!this.#pages.serve(name, response)) refuse(response, 404, `There is nothing at ${ROOT}${name}`);
  }

  #stream(response: ServerResponse): void {
    const refusal = this.#crowded();
    if (refusal) return refuse(response, refusal.status, refusal.message);
    const { recorder, title } = this.options;
    const end = streamRecords(recorder, { title, originMs: this.#originMs() }, response);
    this.#streams.add(end);
    response.on('close', () => this.#streams.delete(end));
  }

  async #picture(response: ServerResponse): Promise<void> {
    const { picture } = this.options;
    if (!picture) return refuse(response, 404, 'There is no store here');
    try {
      const document = await picture();
      sendJson(response, JSON.stringify(document));
    } catch (error) {
      refuse(response, 503, (error as Error).message);
    }
  }

  #trace(response: ServerResponse): void {
    const { trace } = this.options;
    if (trace === undefined) refuse(response, 404, 'There is no saved trace here');
    else sendJson(response, trace);
  }

  #crowded(): Refusal | undefined {
    if (this.#streams.size + this.#stately.viewers < MOST_VIEWERS) return undefined;
    return { status: 403, message: `${MOST_VIEWERS} viewers look already` };
  }

  #originMs(): number {
    return Date.now() - this.options.recorder.now();
  }
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}

const plain = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

function sendJson(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json', ...plain }).end(text);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) response.destroy();
  else response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...plain }).end(message);
}
