import type { Future, PID } from '@keelson/process';
import { Future as Futures, Process } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { ContainerConfig } from './container-config.js';
import type { BindMount, ContainerCgroup } from './launcher.js';

/**
 * What an isolator adds to a launch. Later isolators win over earlier ones, the user's environment over
 * all.
 */
export interface LaunchContribution {
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * `target` as the container sees it; it is resolved in-root before use. Left out is what the host does not have, and
   * what a read-only root has no place for.
   */
  readonly mounts?: readonly BindMount[];
  /** At most one isolator names it. */
  readonly cgroup?: ContainerCgroup;
}

/** A limit the container ran into; it is destroyed for it. */
export interface ContainerLimitation {
  readonly message: string;
}

/** What an isolator may know when it prepares a container. */
export interface PreparationContext {
  readonly config: ContainerConfig;
  readonly rootfs: string;
  readonly sandboxDirectory: string;
}

/**
 * One aspect of a container's isolation. Mirrors Mesos `slave/isolator.hpp`.
 *
 * Isolators are prepared one after the other in their configured order and cleaned up in reverse.
 * `cleanup` is called once per container, only after `prepare` was called and has ended, and tolerates
 * containers it does not know.
 */
export abstract class Isolator<Self = unknown> extends Process<Self> {
  /** Takes up containers of an earlier life: those that run, and those that a `cleanup` is still to come for. */
  recover(_containers: readonly ContainerId[]): Future<void> {
    return Futures.ready(undefined);
  }

  abstract prepare(id: ContainerId, context: PreparationContext): Future<LaunchContribution>;

  /** Called with the container's first process, as soon as there is one. */
  isolate(_id: ContainerId, _pid: number): Future<void> {
    return Futures.ready(undefined);
  }

  /** Answers when the container ran into a limit; never, for an isolator without limits. */
  watch(_id: ContainerId): Future<ContainerLimitation> {
    return Futures.never();
  }

  /**
   * Why the container ended, if it was for a limit of this isolator. Asked when none of its processes is left and
   * before `cleanup`, unless it was destroyed.
   */
  explain(_id: ContainerId, _exitStatus: number | undefined): Future<ContainerLimitation | undefined> {
    return Futures.ready(undefined);
  }

  abstract cleanup(id: ContainerId): Future<void>;
}

export type IsolatorPid = PID<Isolator>;

/** What a containerizer asks of an isolator. A fake can stand in. */
export type IsolatorRequests = Pick<
  IsolatorPid,
  'recover' | 'prepare' | 'isolate' | 'watch' | 'explain' | 'cleanup'
>;
