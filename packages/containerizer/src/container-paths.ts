import type { ContainerId } from '@keelson/provisioner';
import { relativePathOf } from '@keelson/provisioner';

/**
 * Where everything of the containerizer lies. The one owner of this layout (Mesos
 * `containerizer/mesos/paths.hpp`):
 *
 * ```
 * <root>/runtime/containers/<id>/config        what was asked for; written before anything is started
 *                               /launch_info   the root filesystem, and who launched it
 *                               /pid           who runs: pid, start time, boot id
 *                               /status        exit status, a decimal number and a line end, by the monitor
 *                               /termination   written last: it ended and its root filesystem is released
 *                               /launcher/     the launcher's own files
 *                               /containers/<child>/…
 * <root>/sandboxes/<id>/{stdout,stderr}
 * ```
 *
 * Pure text: nothing here looks at the disk.
 */
export class ContainerPaths {
  /** @param root  absolute path of the agent's root */
  constructor(readonly root: string) {}

  /** Folder of the top-level containers. */
  get containers(): string {
    return `${this.root}/runtime/containers`;
  }

  container(id: ContainerId): string {
    return `${this.containers}/${relativePathOf(id)}`;
  }

  /** Folder of the containers nested directly in `id`. */
  children(id: ContainerId): string {
    return `${this.container(id)}/containers`;
  }

  /** Where the folder of `id` goes in one step, to be removed there. No container has such a name. */
  removed(id: ContainerId): string {
    const path = this.container(id);
    const slash = path.lastIndexOf('/');
    return `${path.slice(0, slash + 1)}${removedPrefix}${path.slice(slash + 1)}`;
  }

  config(id: ContainerId): string {
    return `${this.container(id)}/config`;
  }

  launchInfo(id: ContainerId): string {
    return `${this.container(id)}/launch_info`;
  }

  pid(id: ContainerId): string {
    return `${this.container(id)}/pid`;
  }

  status(id: ContainerId): string {
    return statusFileIn(this.container(id));
  }

  termination(id: ContainerId): string {
    return `${this.container(id)}/termination`;
  }

  sandbox(id: ContainerId): string {
    return `${this.root}/sandboxes/${relativePathOf(id)}`;
  }

  stdout(id: ContainerId): string {
    return `${this.sandbox(id)}/stdout`;
  }

  stderr(id: ContainerId): string {
    return `${this.sandbox(id)}/stderr`;
  }
}

/** Folders of this name hold what is left of a container that is known no more. */
export const removedPrefix = '.removed-';

/** The status file below a container's folder; launchers know the folder alone. */
export function statusFileIn(containerDirectory: string): string {
  return `${containerDirectory}/status`;
}
