import { SchemaError } from '../schema/schema-error.js';
import { HttpFailure } from './http-failure.js';

/** The status of failures that are not simply ours: 500. */
const statusOfCode: Readonly<Record<string, number>> = {
  INVALID_REFERENCE: 400,
  INVALID_DIGEST: 400,
  INVALID_PLATFORM: 400,
  INVALID_CONTAINER_ID: 400,
  CONTAINER_INVALID: 400,
  COMMAND_NOT_FOUND: 400,
  COMMAND_NOT_EXECUTABLE: 400,
  INVALID_SIGNAL: 400,
  SOURCE_UNSUPPORTED: 400,
  LAYOUT_INVALID: 400,
  SELECTION_NEEDED: 400,
  NO_SUCH_CONTAINER: 404,
  NO_SUCH_OBJECT: 404,
  IMAGE_NOT_FOUND: 404,
  PLATFORM_NOT_FOUND: 404,
  CONTAINER_EXISTS: 409,
  CONTAINER_RUNNING: 409,
  CONTAINER_NOT_RUNNING: 409,
  CONTAINER_DESTROYED: 409,
  CONTAINER_DESTROYING: 409,
  PARENT_UNUSABLE: 409,
  NAME_TAKEN: 409,
  PLAN_STALE: 409,
  NOT_SUPPORTED: 501,
  UNSUPPORTED: 501,
  REGISTRY_UNREACHABLE: 502,
  REGISTRY_ERROR: 502,
  UNAUTHORIZED: 502,
  AGENT_NOT_STARTED: 503,
  AGENT_CLOSED: 503,
  AGENT_STOPPED: 503,
  NOT_RECOVERED: 503,
};

/** What goes wrong while a request is served, as what its caller is told. */
export function httpFailureOf(error: unknown): HttpFailure {
  if (error instanceof HttpFailure) return error;
  if (error instanceof SchemaError) return new HttpFailure(400, `Failed to validate the call: ${error.message}`);
  const { code, message } = (error instanceof Error ? error : new Error(String(error))) as Error & { code?: unknown };
  const known = typeof code === 'string' ? code : undefined;
  return new HttpFailure(statusOfCode[known ?? ''] ?? 500, message, {}, known);
}
