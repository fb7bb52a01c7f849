import type { ContainerId } from '@keelson/provisioner';

/** Where a container is in its life; the transitions are those of `containerMachine`. */
export type ContainerState =
  | 'STARTING'
  | 'PROVISIONING'
  | 'PREPARING'
  | 'ISOLATING'
  | 'FETCHING'
  | 'RUNNING'
  | 'PROVISIONED'
  | 'DESTROYING'
  | 'EXITED'
  | 'REMOVED';

/** What may be told of a container to anybody who may see it. Plain data, and an immutable snapshot. */
export interface ContainerInfo {
  readonly id: ContainerId;
  /**
   * As the user named it; missing for a container on a plain folder, or without a readable configuration.
   */
  readonly image?: string;
  readonly state: ContainerState;
  /** The container's first process, as the host numbers it. Missing before it runs and after it ended. */
  readonly pid?: number;
  /** ISO 8601 UTC. */
  readonly createdAt?: string;
  readonly rootfs?: string;
  readonly backend?: string;
  /** Layer ids under the root filesystem, base first. */
  readonly layers?: readonly string[];
  readonly launcher?: string;
  readonly exitStatus?: number;
  readonly signal?: string;
  /** Why it is where it is, when that is not obvious: how it ended, or why its destroy failed. */
  readonly message?: string;
}
