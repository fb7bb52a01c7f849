import type { IncomingMessage, ServerResponse } from 'node:http';
import type { JsonSchema, Schema } from '../schema/schema.js';
import type { Principal } from '../security/authenticator.js';

/** A request that was let in, read and checked. */
export interface HttpCall<Query = unknown, Body = unknown> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly principal: Principal;
  /** What stands for the names in braces of the path. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Aborted when the client is gone, or is given up. */
  readonly gone: AbortSignal;
  /** From here on the call only watches: an agent that stops ends it at once. */
  watch(): void;
  /** Puts the call into the journal before it changes anything; how it ends follows by itself. */
  audit(call: string, subject?: string): Promise<void>;
}

/** What a route may answer with, for people and for the OpenAPI document. */
export interface RouteAnswer {
  readonly description: string;
  /** Default `application/json`. */
  readonly type?: string;
  readonly schema?: JsonSchema;
}

export interface RouteDefinition<Query, Body> {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `/v1/containers/{id}`: a name in braces stands for one segment. */
  readonly path: string;
  readonly summary: string;
  readonly query?: Schema<Query>;
  readonly body?: Schema<Body>;
  /** By status; failures need no mention. */
  readonly answers: Readonly<Record<number, RouteAnswer>>;
  /** Answers before the agent has recovered, too. */
  readonly always?: boolean;
  /** Nothing but the socket leads here. */
  readonly socketOnly?: boolean;
  /** Failures are told as text, as Mesos does, and not as JSON. */
  readonly textFailures?: boolean;
  handle(call: HttpCall<Query, Body>): Promise<void> | void;
}

/** One method of one path. */
export type Route = RouteDefinition<unknown, unknown>;

/** A route, with the types of what it takes inferred. */
export function route<Query, Body>(definition: RouteDefinition<Query, Body>): Route {
  return definition as Route;
}

/** Answers a document. */
export function sendJson(response: ServerResponse, document: unknown, status = 200): void {
  const text = JSON.stringify(document);
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text);
}

/** Answers text. */
export function sendText(response: ServerResponse, text: string, status = 200, type = 'text/plain'): void {
  response
    .writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(text) })
    .end(text);
}
