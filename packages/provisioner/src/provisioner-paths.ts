import type { ContainerId } from './container-id.js';
import { relativePathOf } from './container-id.js';

/**
 * Where everything of the provisioner lies. The one owner of this layout, as Mesos `provisioner/paths.cpp`:
 *
 * ```
 * ROOT/provisioner/containers/<id>/
 *   layers                                            which layers each root filesystem stands on
 *   backends/<backend>/rootfses/<rootfs id>           the root filesystems
 *   backends/overlay/scratch/<rootfs id>/{upperdir,workdir}
 *   backends/copy/trash/<rootfs id>                   on its way out
 *   containers/<child>/…                              nested containers, the same again
 * ```
 *
 * Pure text: nothing here looks at the disk.
 */
export class ProvisionerPaths {
  /** @param root  absolute path of the provisioner's own folder, `ROOT/provisioner` */
  constructor(readonly root: string) {}

  /** Folder of the top-level containers. */
  get containers(): string {
    return `${this.root}/containers`;
  }

  container(id: ContainerId): string {
    return `${this.containers}/${relativePathOf(id)}`;
  }

  /** Folder of the containers nested directly in `id`. */
  children(id: ContainerId): string {
    return `${this.container(id)}/containers`;
  }

  /** The record of the layers under every root filesystem of the container. */
  layers(id: ContainerId): string {
    return `${this.container(id)}/layers`;
  }

  backends(id: ContainerId): string {
    return `${this.container(id)}/backends`;
  }

  backend(id: ContainerId, backend: string): string {
    return `${this.backends(id)}/${backend}`;
  }

  rootfses(id: ContainerId, backend: string): string {
    return `${this.backend(id, backend)}/rootfses`;
  }

  rootfs(id: ContainerId, backend: string, rootfsId: string): string {
    return `${this.rootfses(id, backend)}/${rootfsId}`;
  }
}

/**
 * Whether `path` lies in a root filesystem of the bind backend. It is a layer itself, and a mount of a mount
 * is writable unless it says otherwise: who shows it to a container must make it read-only once more.
 */
export function isReadOnlyRootfs(path: string): boolean {
  return /\/backends\/bind\/rootfses\/[^/]+(?:\/|$)/.test(path);
}
