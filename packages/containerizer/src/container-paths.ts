import type { ContainerId } from '@keelson/provisioner';
import { parentOf, putAsidePath, relativePathOf } from '@keelson/provisioner';

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

  /** What holds the folder of `id`. */
  folder(id: ContainerId): string {
    const parent = parentOf(id);
    return parent === undefined ? this.containers : this.children(parent);
  }

  /** Where the folder of `id` is put aside to be removed. */
  removed(id: ContainerId): string {
    return putAsidePath(this.container(id));
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

/** The status file below a container's folder; launchers know the folder alone. */
export function statusFileIn(containerDirectory: string): string {
  return `${containerDirectory}/status`;
}
