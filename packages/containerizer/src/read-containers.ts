import type { Files, Host } from '@keelson/os/ports';
import { collect, type Future } from '@keelson/process';
import type { ContainerConfig } from './container-config.js';
import type { ContainerInfo, ContainerState } from './container-info.js';
import type { ContainerPaths } from './container-paths.js';
import { terminationOf } from './container-termination.js';
import type { StoredContainer } from './stored-container.js';
import { livingProcesses, readStoredContainers } from './stored-container.js';

/** A container as seen from outside its agent. */
export interface ListedContainer {
  readonly info: ContainerInfo;
  /** Missing when it cannot be read: a prune would refuse because of it, unless the container has ended. */
  readonly config?: ContainerConfig;
}

/**
 * Lists the containers of a root without its lock, for `ps` and `plan`. What an agent does at the same
 * time may or may not be seen. A container that was caught, or left, before anything ran is STARTING; one
 * of which not even the configuration is there yet is none.
 */
export function readContainers(paths: ContainerPaths, files: Files, host: Host): Future<ListedContainer[]> {
  return readStoredContainers(paths, files).then((stored) =>
    collect(stored.filter(hasBegun).map((each) => listed(each, host))),
  );
}

/** Its folder alone says nothing, and nothing depends on it: its first record comes before all else. */
function hasBegun({ config, launchInfo, process, exitStatus, termination, problems }: StoredContainer): boolean {
  const known = config ?? launchInfo ?? process ?? exitStatus ?? termination;
  return known !== undefined || problems.length > 0;
}

function listed(stored: StoredContainer, host: Host): Future<ListedContainer> {
  const config = stored.config?.config;
  return livingProcesses(host, stored.process).then((living) => {
    const state = stateOf(stored, living.length > 0);
    return { info: infoOf(stored, state), ...(config && { config }) };
  });
}

function stateOf(
  { termination, process, exitStatus, config, launchInfo }: StoredContainer,
  alive: boolean,
): ContainerState {
  if (termination) return 'EXITED';
  if (alive) return 'RUNNING';
  if (process || exitStatus !== undefined) return 'EXITED';
  return config?.config.provisionOnly && launchInfo ? 'PROVISIONED' : 'STARTING';
}

/** What the records tell of a container in `state`. */
export function infoOf(stored: StoredContainer, state: ContainerState): ContainerInfo {
  const { id, config, launchInfo, process, exitStatus, problems } = stored;
  const ended = state === 'EXITED' ? (stored.termination ?? terminationOf(exitStatus)) : undefined;
  const message = ended?.message ?? problems[0];
  return {
    id,
    state,
    ...(config?.config.image && { image: config.config.image.name }),
    ...(config && { createdAt: config.createdAt }),
    ...(process && state === 'RUNNING' && { pid: process.pid }),
    ...(launchInfo && { rootfs: launchInfo.rootfs }),
    ...(launchInfo?.backend !== undefined && { backend: launchInfo.backend }),
    ...(launchInfo?.layers && { layers: launchInfo.layers }),
    ...(launchInfo?.launcher && { launcher: launchInfo.launcher }),
    ...(config?.config.type === 'DOCKER' && { launcher: 'docker' }),
    ...(ended?.exitStatus !== undefined && { exitStatus: ended.exitStatus }),
    ...(ended?.signal !== undefined && { signal: ended.signal }),
    ...(message !== undefined && { message }),
  };
}
