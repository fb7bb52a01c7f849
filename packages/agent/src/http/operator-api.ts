import type { ContainerInfo } from '@keelson/containerizer';
import { parentOf } from '@keelson/provisioner';
import type { Agent } from '../agent.js';
import { HttpFailure } from './http-failure.js';

/** What the operator API answers from. */
export interface OperatorContext {
  readonly agent: Pick<Agent, 'containers' | 'pruneImages'>;
  readonly version: string;
}

/**
 * One call of the Mesos v1 operator API of an agent, in its JSON shape (Mesos `include/mesos/v1/agent.proto`).
 * Calls that answer nothing answer `undefined`.
 *
 * @throws HttpFailure 400 it is malformed, 501 it is a call that this agent does not have
 */
export async function answerCall(context: OperatorContext, body: unknown): Promise<unknown> {
  const { agent, version } = context;
  const call = fields(body, 'The call');
  switch (call['type']) {
    case 'GET_HEALTH':
      return { type: 'GET_HEALTH', get_health: { healthy: true } };
    case 'GET_VERSION':
      return { type: 'GET_VERSION', get_version: { version_info: { version } } };
    case 'GET_CONTAINERS': {
      const containers = (await agent.containers()).filter(({ state }) => state !== 'EXITED');
      return { type: 'GET_CONTAINERS', get_containers: { containers: containers.map(containerOf) } };
    }
    case 'PRUNE_IMAGES':
      await agent.pruneImages({ exclude: excludedImages(call['prune_images']) });
      return undefined;
    case undefined:
      throw new HttpFailure(400, "Failed to validate the call: expecting 'type' to be present");
    default:
      throw new HttpFailure(501, `The call ${JSON.stringify(call['type'])} is not implemented`);
  }
}

/** Images of other types are none of our stores', so nothing of theirs is ever removed. */
function excludedImages(pruneImages: unknown): readonly string[] {
  if (pruneImages === undefined) return [];
  const images = fields(pruneImages, 'prune_images')['excluded_images'] ?? [];
  if (!Array.isArray(images)) throw malformed('excluded_images', 'a list');
  return images.flatMap((image: unknown) => {
    const { type, docker } = fields(image, 'An excluded image') as { type?: unknown; docker?: unknown };
    if (type !== 'DOCKER') return [];
    const name = fields(docker, 'docker')['name'];
    if (typeof name !== 'string') throw malformed('docker.name', 'a text');
    return [name];
  });
}

function containerOf({ id, pid }: ContainerInfo): object {
  const container_id = containerIdOf(id);
  const status = { container_id, ...(pid !== undefined && { executor_pid: pid }) };
  return { container_id, container_status: status };
}

/** A nested container is named by its own value and its parent. */
function containerIdOf(id: string): object {
  const parent = parentOf(id);
  if (parent === undefined) return { value: id };
  return { value: id.slice(parent.length + 1), parent: containerIdOf(parent) };
}

function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed(what, 'an object');
  return value as Record<string, unknown>;
}

function malformed(what: string, expected: string): HttpFailure {
  return new HttpFailure(400, `Failed to validate the call: ${what} is not ${expected}`);
}
