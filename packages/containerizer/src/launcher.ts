import type { ProcessIdentity } from '@keelson/os/ports';
import type { PID } from '@keelson/process';
import { Future, Process } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { ContainerUser } from './container-user.js';
import type { LauncherName } from './container-config.js';

/**
 * A file or folder of the host mounted into the container. `target` is resolved inside the root, links
 * and all.
 */
export interface BindMount {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

/** Where the processes of a container belong among the control groups of the machine. */
export interface ContainerCgroup {
  /** The group, as it is named in every hierarchy. An OCI runtime makes what is missing of it, and removes it. */
  readonly path: string;
  /** Files by which a process joins it where it has limits: made already, one for each hierarchy with a limit. */
  readonly members: readonly string[];
}

/** Everything a launcher needs to start a container: all names are resolved, nothing is left to look up. */
export interface LaunchRequest {
  readonly id: ContainerId;
  /** The container's folder below `runtime/`; the launcher keeps its own files here. */
  readonly runtimeDirectory: string;
  readonly rootfs: string;
  /** The root must not be written to, not even to make a mount point: they are all there. */
  readonly readOnlyRoot?: true;
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly user: ContainerUser;
  readonly hostname: string;
  readonly mounts: readonly BindMount[];
  readonly network: 'host' | 'none';
  /** A process whose network, IPC and host name it shares: the first one of the container it is nested in. */
  readonly joins?: ProcessIdentity;
  /** Missing where control groups are not ours to make: without root. */
  readonly cgroup?: ContainerCgroup;
  /**
   * Files that get what the container prints, and a descriptor of this process that becomes its input; without that it
   * has none. Ours are passed through when missing.
   */
  readonly stdio?: { readonly stdin?: number; readonly stdout: string; readonly stderr: string };
}

/** What is known of a container before its image is looked at. */
export type LaunchPlace = Pick<LaunchRequest, 'id' | 'runtimeDirectory' | 'stdio'>;

/** A process that survives the end of this program, and what identifies it afterwards. Plain data. */
export interface ProcessRecord {
  /** The container's first process, as the host numbers it. */
  readonly pid: number;
  /** Missing when it was over before anybody could look. */
  readonly process?: ProcessIdentity;
  /** Who waits for it and writes its exit status; when it is gone, the status is there or never will be. */
  readonly monitor?: ProcessIdentity;
}

/**
 * A started container. `status` is not bound to any actor: it settles even when the runtime that launched
 * it is gone, with the number a shell would show (128 + n for signal n), after that number was recorded
 * on disk. Waiting for it does not keep the program alive.
 */
export interface LaunchedProcess extends ProcessRecord {
  readonly status: Future<number | undefined>;
}

/**
 * Starts the processes of containers and ends them. Mirrors Mesos `containerizer/mesos/launcher.hpp`.
 *
 * A launched container outlives the launcher: terminating the actor ends no process.
 */
export abstract class Launcher<Self = unknown> extends Process<Self> {
  /** Its name, or why it cannot launch anything here: NO_LAUNCHER. Looked at once, the answer is kept. */
  abstract probe(): Future<LauncherName>;

  /**
   * Told that it will be asked to launch a container of this id, a launcher gets ready what it can, so that it takes
   * less time then. `destroy` undoes it. Never fails, and need not be asked.
   */
  prepare(_place: LaunchPlace): Future<void> {
    return Future.ready(undefined);
  }

  /**
   * Answers once the process has started.
   *
   * @throws ContainerizerError COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, LAUNCH_FAILED
   */
  abstract launch(request: LaunchRequest): Future<LaunchedProcess>;

  /**
   * Ends every process of the container and what the launcher keeps of it. Unknown or ended ones are
   * success.
   */
  abstract destroy(
    id: ContainerId,
    runtimeDirectory: string,
    process: ProcessRecord | undefined,
  ): Future<void>;
}

export type LauncherPid = PID<Launcher>;
