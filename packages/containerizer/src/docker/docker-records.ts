import type { Files } from '@keelson/os/ports';
import type { Future, Random } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { RecordFormat } from '@keelson/store';
import { checkpoint, readRecord } from '../containerizer-context.js';
import type { ContainerPaths } from '../container-paths.js';

/** Which engine has a container of ours, and under which id. */
export interface EngineRecord {
  readonly engineId: string;
  /** The engine's unix socket: an agent may be set up for another one later. */
  readonly socket: string;
}

const engineFormat: RecordFormat<EngineRecord> = {
  name: 'keelson-engine-container',
  version: 1,
  parse: (payload) => {
    const { engineId, socket } = Object(payload) as Partial<EngineRecord>;
    if (typeof engineId !== 'string' || !/^[a-zA-Z0-9]{1,128}$/.test(engineId)) throw new Error('engineId is no id');
    if (typeof socket !== 'string' || !socket.startsWith('/')) throw new Error('socket is no absolute path');
    return { engineId, socket };
  },
};

const agentFormat: RecordFormat<string> = {
  name: 'keelson-agent-id',
  version: 1,
  parse: (payload) => {
    if (typeof payload !== 'string' || !/^[a-z0-9]{8,64}$/.test(payload)) throw new Error('that is no id of an agent');
    return payload;
  },
};

/**
 * The id of the agent that owns this root: engines are shared, and a container is ours only if it carries this id. A
 * root that lost it treats the containers it has no record of as somebody else's.
 */
export function readAgentId(paths: ContainerPaths, files: Files): Future<string | undefined> {
  return readRecord(files, agentIdPath(paths), agentFormat);
}

/** An id for an agent that has none yet. */
export function makeAgentId(random: Random): string {
  return random.id('').replace(/[^a-z0-9]/g, '').padStart(8, '0').slice(0, 24);
}

/** @throws ContainerizerError CHECKPOINT_FAILED */
export function writeAgentId(paths: ContainerPaths, files: Files, id: string): Future<void> {
  return files
    .makeDirectory(`${paths.root}/runtime`, { mode: 0o700 })
    .then(() => checkpoint(files, agentIdPath(paths), agentFormat, id));
}

export function readEngineRecord(
  paths: ContainerPaths,
  files: Files,
  id: ContainerId,
): Future<EngineRecord | undefined> {
  return readRecord(files, enginePath(paths, id), engineFormat);
}

/** @throws ContainerizerError CHECKPOINT_FAILED */
export function writeEngineRecord(
  paths: ContainerPaths,
  files: Files,
  id: ContainerId,
  record: EngineRecord,
): Future<void> {
  return checkpoint(files, enginePath(paths, id), engineFormat, record);
}

function agentIdPath(paths: ContainerPaths): string {
  return `${paths.root}/runtime/agent_id`;
}

/** Beside the container's other records. */
function enginePath(paths: ContainerPaths, id: ContainerId): string {
  return `${paths.container(id)}/engine`;
}
