/*
 * An agent that others reach, and what its API is made of. Apart from the rest, so that a program that serves nothing
 * does not load it.
 */
export { openApiOf } from '../http/openapi.js';
export { agentRoutes } from '../http/agent-routes.js';
export type { OpenInput } from '@keelson/os';
export type { CommandCall } from '../http/command-endpoint.js';
export type { HttpCall, Route, RouteAnswer, RouteDefinition } from '../http/route.js';
export { route, sendJson, sendText } from '../http/route.js';
export type { ServedAgent, ServeOptions } from '../served-agent.js';
export { serveAgent } from '../served-agent.js';
