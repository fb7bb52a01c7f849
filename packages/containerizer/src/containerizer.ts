import type { Future, PID } from '@keelson/process';
import { Future as Futures, Process } from '@keelson/process';
import type { ContainerId, ImageName } from '@keelson/provisioner';
import type { PruneOptions, PruneReport, PullProgress, RegistryAccess } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';
import type { ContainerConfig } from './container-config.js';
import type { ContainerInfo } from './container-info.js';
import type { ContainerTermination } from './container-termination.js';
import { ContainerizerError } from './containerizer-error.js';
import type { LaunchedProcess } from './launcher.js';

/** `NOT_SUPPORTED` means: not mine, ask another containerizer. What goes wrong is a failed future. */
export type LaunchResult = 'SUCCESS' | 'ALREADY_LAUNCHED' | 'NOT_SUPPORTED';

export interface LaunchOptions {
  /** Told what becomes of the image's layers while they are pulled. */
  readonly onProgress?: (progress: PullProgress) => void;
  /** Whose credentials the pull of its image shows. Not part of the configuration: that is written down. */
  readonly access?: RegistryAccess;
  /**
   * A descriptor of this process that becomes the container's standard input, where its output goes into its sandbox;
   * without one it has no input, nor has a container of an engine. It stays the caller's, to be closed once the launch
   * is answered.
   */
  readonly stdin?: number;
}

/**
 * Launches, watches and ends containers. An actor: call it through its PID.
 *
 * Unless a method says otherwise, discarding an answer gives up this caller's interest and nothing else.
 * Mirrors Mesos `containerizer/containerizer.hpp`.
 */
export abstract class Containerizer<Self = unknown> extends Process<Self> {
  /**
   * Takes up the containers of an earlier life, whatever part of their records is left. Once, before all
   * else.
   */
  abstract recover(): Future<void>;

  /**
   * Starts a container; answers once it runs (or stands, with `provisionOnly`). What fails leaves nothing
   * behind.
   *
   * @throws ContainerizerError CONTAINER_DESTROYED  somebody destroyed it meanwhile
   */
  abstract launch(id: ContainerId, config: ContainerConfig, options?: LaunchOptions): Future<LaunchResult>;

  /**
   * Answers when the container has ended and its root filesystem is released; `undefined` for an unknown
   * one.
   */
  abstract wait(id: ContainerId): Future<ContainerTermination | undefined>;

  /**
   * Ends the container and releases its root filesystem; children first. Asked twice it is done once, and
   * asked again after a failure it is tried again. What ran stays listed as EXITED until `remove`.
   * `undefined` for an unknown one.
   *
   * @throws ContainerizerError DESTROY_FAILED  with what is left; its layers stay protected
   */
  abstract destroy(id: ContainerId): Future<ContainerTermination | undefined>;

  /** Signals the container's first process (`SIGTERM`, …); false when there is no such process. */
  kill(_id: ContainerId, _signal: string): Future<boolean> {
    return unsupported('kill');
  }

  /** Every container known, ended ones included until they are removed. */
  abstract containers(): Future<readonly ContainerInfo[]>;

  /** @throws ContainerizerError NO_SUCH_CONTAINER */
  abstract status(id: ContainerId): Future<ContainerInfo>;

  /** The process behind a container, for who wants to wait for it beyond this actor's life. */
  processOf(_id: ContainerId): Future<LaunchedProcess | undefined> {
    return Futures.ready(undefined);
  }

  /**
   * Forgets an ended container with its configuration, status and logs. An unknown one is success.
   *
   * @throws ContainerizerError CONTAINER_RUNNING  it has not ended yet
   */
  remove(_id: ContainerId): Future<void> {
    return unsupported('remove');
  }

  /**
   * Prepares for the end of this agent's life: no end of a container is acted on any more (the next recovery finds
   * it), and the answer comes once every destroy under way is over. What runs goes on running.
   */
  quiesce(): Future<void> {
    return Futures.ready(undefined);
  }

  /**
   * Removes the images no container uses, but those excluded. A containerizer that keeps none has nothing
   * to do.
   */
  pruneImages(_excluded: readonly ImageName[], _options?: PruneOptions): Future<PruneReport> {
    return Futures.ready(emptyPruneReport());
  }
}

/** What calls a containerizer. A fake can stand in. */
export type ContainerizerPid = PID<Containerizer>;

function unsupported<T>(request: string): Future<T> {
  return Futures.failed(
    new ContainerizerError('UNSUPPORTED', `Unsupported: this containerizer does not ${request}`),
  );
}
