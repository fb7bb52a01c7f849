import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AgentState, RecoveryPhase } from '../agent-state.js';
import type { Access } from '../security/access.js';
import type { Principal } from '../security/authenticator.js';
import { checkOrigin, refuseOrigin } from '../security/origin-check.js';
import type { AuditJournal } from './audit-journal.js';
import { httpFailureOf } from './failure-status.js';
import { HttpFailure } from './http-failure.js';
import { readQuery } from './query.js';
import { readJsonBody } from './request-body.js';
import type { HttpCall, Route } from './route.js';
import { sendJson, sendText } from './route.js';
import { Router, routeFor } from './router.js';
import { listenOnSocket } from './socket-listener.js';
import { listenOnTcp } from './tcp-listener.js';

export interface ServerLimits {
  readonly requestTimeoutMs: number;
  readonly maxBodyBytes: number;
  readonly maxConnections: number;
}

export interface AgentServerOptions {
  readonly agent: { readonly state: AgentState; readonly recoveryPhase?: RecoveryPhase | undefined };
  readonly routes: readonly Route[];
  readonly access: Access;
  readonly limits: ServerLimits;
  readonly journal?: AuditJournal;
}

/**
 * Lets requests in: who may not call, what is unknown, too large or malformed never reaches a route. It listens from
 * the moment on at which the root is owned; until the agent has recovered most routes answer 503.
 */
export class AgentServer {
  readonly #options: AgentServerOptions;
  readonly #router: Router;
  readonly #servers: Server[] = [];
  readonly #stopping = new AbortController();
  readonly #givenUp = new AbortController();

  constructor(options: AgentServerOptions) {
    this.#options = options;
    this.#router = new Router(options.routes);
  }

  /** @throws AgentError SOCKET_UNUSABLE */
  listen(path: string): Promise<void> {
    return listenOnSocket(this.#server('socket'), path);
  }

  /**
   * @returns the base of what is served over TCP, if anything is
   * @throws AgentError ADDRESS_UNUSABLE
   */
  async listenTcp(): Promise<string | undefined> {
    const { listen, tls } = this.#options.access;
    return listen && listenOnTcp(this.#server('tcp'), listen, tls ? 'https' : 'http');
  }

  /**
   * Takes no more requests, ends those that only watch, lets the others finish within `graceMs`, then gives them up.
   */
  async close(graceMs: number): Promise<void> {
    this.#stopping.abort();
    const cut = setTimeout(() => {
      this.#givenUp.abort();
      for (const server of this.#servers) server.closeAllConnections();
    }, graceMs);
    await Promise.all(this.#servers.map(closed));
    clearTimeout(cut);
    this.#givenUp.abort();
  }

  #server(via: Principal['via']): Server {
    const { access, limits } = this.#options;
    const { requestTimeoutMs: requestTimeout } = limits;
    const options = {
      maxHeaderSize: 16 * 1024,
      headersTimeout: Math.min(10_000, requestTimeout),
      requestTimeout,
      keepAliveTimeout: 5_000,
      connectionsCheckingInterval: Math.min(1_000, requestTimeout),
    };
    const listener = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#serve(request, response, via);
    const tls = via === 'tcp' ? access.tls : undefined;
    // Who shows no certificate may still show a token.
    const secure = tls && {
      ...tls,
      requestCert: tls.ca !== undefined,
      rejectUnauthorized: false,
      handshakeTimeout: options.headersTimeout,
    };
    const server = secure
      ? createSecureServer({ ...options, ...secure }, listener)
      : createServer(options, listener);
    server.maxConnections = limits.maxConnections;
    this.#servers.push(server);
    return server;
  }

  async #serve(request: IncomingMessage, response: ServerResponse, via: Principal['via']): Promise<void> {
    // A client that goes away while it is answered is its own business.
    response.on('error', () => {});
    response.setHeader('cache-control', 'no-store').setHeader('x-content-type-options', 'nosniff');
    const audited = new AuditedResponse(response);
    let textFailures = false;
    try {
      const { access } = this.#options;
      if (via === 'tcp') checkOrigin(request, access.hostNames);
      else refuseOrigin(request);
      const [path = '/', query = ''] = (request.url ?? '/').split(/\?(.*)/s);
      const { routes, parameters } = this.#router.match(path);
      textFailures = routes.some((each) => each.textFailures === true);
      const principal = access.authenticator.principalOf(request, via);
      const route = this.#open(routes, request.method ?? 'GET', via);
      const call: HttpCall = {
        request,
        response,
        principal,
        parameters,
        query: route.query ? readQuery(new URLSearchParams(query), route.query) : {},
        body: route.body && route.body.read(await readJsonBody(request, this.#options.limits.maxBodyBytes), ''),
        gone: goneOf(response, this.#givenUp.signal),
        watch: () => this.#watch(response),
        audit: async (name, subject) => {
          const entry = { call: name, principal, ...(subject !== undefined && { subject }) };
          audited.end = await this.#options.journal?.begin(entry);
        },
      };
      await route.handle(call);
    } catch (error) {
      this.#refuse(response, httpFailureOf(error), textFailures);
    }
  }

  /** Recovery first, then the method: the order in which Mesos looks (`slave/http.cpp`). */
  #open(routes: readonly Route[], method: string, via: Principal['via']): Route {
    const { state, recoveryPhase } = this.#options.agent;
    if (this.#stopping.signal.aborted) throw new HttpFailure(503, 'Agent is stopping', { connection: 'close' });
    if (state !== 'RUNNING' && !routes.every((each) => each.always)) {
      throw new HttpFailure(503, whyNotServed(state, recoveryPhase), { 'retry-after': '1' });
    }
    const route = routeFor(routes, method);
    if (route.socketOnly && via !== 'socket') throw new HttpFailure(403, `${route.path} is for the socket alone`);
    return route;
  }

  #refuse(response: ServerResponse, { status, message, headers, code }: HttpFailure, asText: boolean): void {
    if (response.destroyed) return;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (asText) sendText(response, message, status);
    else sendJson(response, { error: { code, message } }, status);
  }

  #watch(response: ServerResponse): void {
    const { signal } = this.#stopping;
    const end = (): void => {
      if (response.headersSent) response.end();
      else this.#refuse(response, new HttpFailure(503, 'Agent is stopping', { connection: 'close' }), true);
    };
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    response.once('close', () => signal.removeEventListener('abort', end));
  }
}

/** Writes how an audited call ended into the journal, whatever ends it. */
class AuditedResponse {
  end: ((outcome: string) => Promise<void>) | undefined;

  constructor(response: ServerResponse) {
    response.once('close', () => {
      void this.end?.(response.writableFinished ? String(response.statusCode) : 'client gone');
    });
  }
}

const recovering: Readonly<Record<RecoveryPhase, string>> = {
  ROOT: 'takes its root',
  BACKENDS: 'tries how root filesystems can be made',
  CONTAINERS: 'takes up containers and their root filesystems',
  STORE: 'takes up images and layers',
};

/** The first words are Mesos's, which its clients look for. */
function whyNotServed(state: AgentState, phase: RecoveryPhase | undefined): string {
  if (state === 'STOPPED') return 'Agent has stopped, because one of its components failed';
  if (state === 'CLOSED') return 'Agent is closed';
  return `Agent has not finished recovery${phase ? `: it ${recovering[phase]}` : ''}`;
}

function goneOf(response: ServerResponse, givenUp: AbortSignal): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return AbortSignal.any([gone.signal, givenUp]);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
