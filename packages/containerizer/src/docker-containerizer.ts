import { Future } from '@keelson/process';
import type { ContainerId, ImageName } from '@keelson/provisioner';
import type { PruneReport } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';
import type { ContainerConfig } from './container-config.js';
import type { ContainerInfo } from './container-info.js';
import type { ContainerTermination } from './container-termination.js';
import type { LaunchResult } from './containerizer.js';
import { Containerizer } from './containerizer.js';
import { ContainerizerError } from './containerizer-error.js';
import type { Logger } from './logger.js';
import { silentLogger } from './logger.js';

/**
 * The place of a Docker daemon in the list of containerizers. It launches nothing yet, and never will
 * touch the images of a daemon: those are the daemon's to prune. Mirrors Mesos
 * `slave/containerizer/docker.cpp`.
 */
export class DockerContainerizer extends Containerizer<DockerContainerizer> {
  constructor(private readonly logger: Logger = silentLogger) {
    super('containerizer-docker');
  }

  override recover(): Future<void> {
    return Future.ready(undefined);
  }

  override launch(_id: ContainerId, _config: ContainerConfig): Future<LaunchResult> {
    return Future.ready('NOT_SUPPORTED');
  }

  override wait(_id: ContainerId): Future<ContainerTermination | undefined> {
    return Future.ready(undefined);
  }

  override destroy(_id: ContainerId): Future<ContainerTermination | undefined> {
    return Future.ready(undefined);
  }

  override kill(_id: ContainerId, _signal: string): Future<boolean> {
    return Future.ready(false);
  }

  override containers(): Future<readonly ContainerInfo[]> {
    return Future.ready([]);
  }

  override status(id: ContainerId): Future<ContainerInfo> {
    throw new ContainerizerError('NO_SUCH_CONTAINER', `There is no container '${id}'`);
  }

  override remove(_id: ContainerId): Future<void> {
    return Future.ready(undefined);
  }

  override pruneImages(_excluded: readonly ImageName[]): Future<PruneReport> {
    this.logger.info('The docker containerizer prunes nothing: its images belong to the docker daemon');
    return Future.ready(emptyPruneReport());
  }
}
