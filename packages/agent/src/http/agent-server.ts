import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { Agent } from '../agent.js';
import type { RunCommand } from './command-endpoint.js';
import { CommandEndpoint } from './command-endpoint.js';
import { HttpFailure } from './http-failure.js';
import { jsonBody } from './json-body.js';
import { answerCall } from './operator-api.js';
import { listenOnSocket } from './socket-listener.js';

export interface AgentServerOptions {
  readonly agent: Pick<Agent, 'state' | 'start' | 'containers' | 'pruneImages' | 'metrics'>;
  readonly version: string;
  readonly run: RunCommand;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** How long a stopping server lets requests finish that are being answered. */
const graceMs = 1_000;

/**
 * The HTTP face of an agent: commands at `/cli/v1`, the operator API at `/api/v1`, `/healthz` and
 * `/metrics/snapshot`. It listens from the moment on at which the root is owned; what needs a recovered
 * agent is refused with 503 until then, and commands wait.
 */
export class AgentServer {
  readonly #options: AgentServerOptions;
  readonly #server: Server;
  readonly #routes: Readonly<Record<string, Readonly<Record<string, Handler>>>>;

  constructor(options: AgentServerOptions) {
    this.#options = options;
    const { agent, run } = options;
    const commands = new CommandEndpoint((call) => Promise.resolve(agent.start()).then(() => run(call)));
    this.#routes = {
      '/cli/v1': { POST: (request, response) => commands.serve(request, response) },
      '/api/v1': { POST: (request, response) => this.#operate(request, response) },
      '/healthz': { GET: (_request, response) => this.#tellHealth(response) },
      '/metrics/snapshot': { GET: (_request, response) => this.#tellMetrics(response) },
    };
    this.#server = createServer(
      { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 5_000 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = 256;
  }

  /** @throws AgentError SOCKET_UNUSABLE */
  listen(path: string): Promise<void> {
    return listenOnSocket(this.#server, path);
  }

  /** Takes no more requests, gives those at work a moment, and removes the socket. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const cut = setTimeout(() => this.#server.closeAllConnections(), graceMs);
      this.#server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.#server.closeIdleConnections();
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that goes away while it is answered is its own business.
    response.on('error', () => {});
    try {
      await this.#handlerOf(request)(request, response);
    } catch (error) {
      const { status, message, headers } =
        error instanceof HttpFailure ? error : new HttpFailure(500, (error as Error).message);
      if (response.headersSent) response.destroy();
      else response.writeHead(status, { 'content-type': 'text/plain', ...headers }).end(message);
    }
  }

  /** Recovery first, then the method: the order in which Mesos looks (`slave/http.cpp`). */
  #handlerOf({ url = '/', method = 'GET' }: IncomingMessage): Handler {
    const path = url.split('?', 1)[0]!;
    const methods = Object.hasOwn(this.#routes, path) ? this.#routes[path]! : undefined;
    if (!methods) throw new HttpFailure(404, `There is nothing at ${path}`);
    if (path === '/api/v1' && this.#options.agent.state === 'RECOVERING') {
      throw new HttpFailure(503, 'Agent has not finished recovery');
    }
    const handler = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (handler) return handler;
    const allow = Object.keys(methods).join(', ');
    throw new HttpFailure(405, `Expecting one of { ${allow} }, but received ${method}`, { allow });
  }

  async #operate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = await answerCall(this.#options, await jsonBody(request));
    if (answer === undefined) response.writeHead(200).end();
    else sendJson(response, answer);
  }

  async #tellHealth(response: ServerResponse): Promise<void> {
    const { state } = this.#options.agent;
    response.writeHead(state === 'RUNNING' ? 200 : 503, { 'content-type': 'text/plain' }).end(`${state}\n`);
  }

  async #tellMetrics(response: ServerResponse): Promise<void> {
    if (this.#options.agent.state !== 'RUNNING') throw new HttpFailure(503, 'Agent has not finished recovery');
    sendJson(response, await this.#options.agent.metrics());
  }
}

function sendJson(response: ServerResponse, document: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
}
