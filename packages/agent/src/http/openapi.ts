import type { JsonSchema } from '../schema/schema.js';
import { failureDocument } from './rest/rest-documents.js';
import type { Route } from './route.js';
import { route, sendJson, sendText } from './route.js';

/**
 * The OpenAPI 3.1 document of routes, made from the schemas by which they read what they are sent. Pure.
 *
 * @param version  of the agent
 */
export function openApiOf(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const each of routes) {
    (paths[each.path] ??= {})[each.method.toLowerCase()] = operationOf(each);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Keelson agent',
      version,
      description: 'The agent answers on its unix socket to its owner, and over TCP to who shows a credential.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    security: [{ bearer: [] }, { basic: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic' },
      },
      schemas: { Failure: failureDocument },
    },
  };
}

/** `/help`, for people, and `/openapi.json`. */
export function helpRoutes(routes: () => readonly Route[], version: string): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/help',
      summary: 'What is where.',
      always: true,
      answers: { 200: { description: 'A line a route.', type: 'text/plain' } },
      handle: ({ response }) => sendText(response, helpText(routes())),
    }),
    route({
      method: 'GET',
      path: '/openapi.json',
      summary: 'This document.',
      always: true,
      answers: { 200: { description: 'OpenAPI 3.1.', schema: { type: 'object' } } },
      handle: ({ response }) => sendJson(response, openApiOf(routes(), version)),
    }),
  ];
}

function helpText(routes: readonly Route[]): string {
  const width = Math.max(...routes.map(({ path }) => path.length));
  return routes
    .map(({ method, path, summary }) => `${method.padEnd(6)} ${path.padEnd(width)}  ${summary}\n`)
    .join('');
}

function operationOf({ method, path, summary, query, body, answers, textFailures, always }: Route): object {
  const responses = Object.entries(answers).map(([status, { description, type = 'application/json', schema }]) => [
    status,
    {
      description,
      ...(Number(status) !== 204 && { content: { [type]: { schema: schema ?? { type: 'string' } } } }),
    },
  ]);
  const failure = textFailures
    ? { 'text/plain': { schema: { type: 'string' } } }
    : { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } };
  const parameters = [...pathParameters(path), ...queryParameters(query?.json)];
  return {
    operationId: operationId(method, path),
    summary,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: bodyOf(body.json) }),
    responses: {
      ...Object.fromEntries(responses),
      ...(!always && { 503: { description: 'The agent has not finished recovery, or stops.', content: failure } }),
      default: { description: 'Why it was refused, or failed.', content: failure },
    },
  };
}

function bodyOf(json: JsonSchema): object {
  return { required: true, content: { 'application/json': { schema: withoutUndefined(json) } } };
}

function operationId(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return [method.toLowerCase(), ...words].map((word, index) => (index === 0 ? word : capitalised(word))).join('');
}

function capitalised(word: string): string {
  return `${word[0]!.toUpperCase()}${word.slice(1)}`;
}

function pathParameters(path: string): readonly object[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(json: JsonSchema | undefined): readonly object[] {
  const required = (json?.['required'] ?? []) as readonly string[];
  return Object.entries((json?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema: withoutUndefined(schema),
  }));
}

/** As it is written down. */
function withoutUndefined(json: JsonSchema): JsonSchema {
  return JSON.parse(JSON.stringify(json)) as JsonSchema;
}
