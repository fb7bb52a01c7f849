import type { Files, Mounts } from '@keelson/os/ports';
import { Counter, Future } from '@keelson/process';
import type { LayerTree } from '@keelson/store';
import type { BackendResult } from './backend.js';
import { Backend } from './backend.js';
import { mountsAt } from './mounts-at.js';
import type { Warn } from './list-containers.js';
import { cannot, isBusy, ProvisionerError, reasonOf } from './provisioner-error.js';

export interface BindBackendOptions {
  readonly files: Files;
  readonly mounts: Mounts;
  /** Told what a destroyed root filesystem left behind. */
  readonly warn?: Warn;
}

/**
 * Shows the one layer of an image as a root filesystem that cannot be written to: nothing is copied, and
 * nothing is needed of the file system. Needs root. Never chosen by itself.
 *
 * Mirrors Mesos `provisioner/backends/bind.cpp`.
 */
export class BindBackend extends Backend<BindBackend> {
  /** Mount points that stayed because something was still in them. */
  readonly removeRootfsErrors = new Counter('containerizer/mesos/provisioner/bind/remove_rootfs_errors');
  readonly #files: Files;
  readonly #mounts: Mounts;
  readonly #warn: Warn;

  constructor({ files, mounts, warn = () => {} }: BindBackendOptions) {
    super('bind-backend');
    this.#files = files;
    this.#mounts = mounts;
    this.#warn = warn;
  }

  /**
   * @throws ProvisionerError BACKEND_UNSUITABLE  not exactly one layer, or one that would show overlay's marks
   * @throws ProvisionerError PROVISION_FAILED    something stands at `rootfs` already, or the mount failed
   */
  override provision(layers: readonly LayerTree[], rootfs: string): Future<BackendResult> {
    const layer = onlyLayer(layers, rootfs);
    return this.#files.status(rootfs).then((present) => {
      if (present) throw new ProvisionerError('PROVISION_FAILED', `Cannot bind to '${rootfs}': it exists`);
      return this.#mount(layer, rootfs);
    });
  }

  /** @throws ProvisionerError PROVISION_FAILED  the mount failed */
  override restore(layers: readonly LayerTree[], rootfs: string): Future<boolean> {
    const layer = onlyLayer(layers, rootfs);
    return mountsAt(this.#files, this.#mounts, rootfs)
      .then((standing) => (standing.length > 0 ? false : this.#bind(layer, rootfs).then(() => true)))
      .repair(cannot('PROVISION_FAILED', `bind '${layer.rootfs}' to '${rootfs}' again`));
  }

  /**
   * Detaches the mount if there is one, then removes the mount point. After a reboot nothing is
   * mounted and the mount point goes all the same. One that stays busy is warned about, counted and left for
   * the next recovery: it must not pin the layer (T17).
   *
   * @throws ProvisionerError DESTROY_FAILED  the mount could not be detached, or the mount point not be removed
   */
  override destroy(rootfs: string): Future<boolean> {
    return this.#mounts
      .detach(rootfs)
      .then((detached) => this.#removeMountPoint(rootfs).then((removed) => detached > 0 || removed))
      .repair(cannot('DESTROY_FAILED', `take down the bind mount at '${rootfs}'`));
  }

  #mount(layer: LayerTree, rootfs: string): Future<BackendResult> {
    return this.#bind(layer, rootfs)
      .then((): BackendResult => ({ ephemeralVolumes: [] }))
      .repair((failed) =>
        this.destroy(rootfs)
          .recover(() => false)
          .then(() => failed),
      )
      .repair(cannot('PROVISION_FAILED', `bind '${layer.rootfs}' to '${rootfs}'`));
  }

  #bind(layer: LayerTree, rootfs: string): Future<void> {
    return this.#files
      .makeDirectory(rootfs, { mode: 0o755 })
      .then(() => this.#mounts.mountBind({ source: layer.rootfs, target: rootfs, readOnly: true }));
  }

  /** Never the tree: if a mount we do not know of is still there, removing it would empty the layer itself. */
  #removeMountPoint(rootfs: string): Future<boolean> {
    return this.#files.status(rootfs).then((present) => {
      if (!present) return false;
      return this.#files
        .removeDirectory(rootfs)
        .then(() => true)
        .repair((failed) => {
          const failure = failed.failure();
          if (!isBusy(failure)) return failed;
          this.removeRootfsErrors.increment();
          this.#warn(`Leaving '${rootfs}' behind: ${reasonOf(failure)}`);
          return Future.ready(true);
        });
    });
  }
}

function onlyLayer(layers: readonly LayerTree[], rootfs: string): LayerTree {
  const [layer, ...others] = layers;
  if (layer === undefined) throw unsuitable(rootfs, 'the image has no layers');
  if (others.length > 0) {
    throw unsuitable(rootfs, `the image has ${layers.length} layers, and bind shows exactly one`);
  }
  const [mark] = layer.whiteouts;
  if (mark !== undefined) {
    // For the sake of overlay the tree holds a device there, which overlay hides and a bind mount would not.
    throw unsuitable(rootfs, `its layer deletes '${mark}', whose mark would be seen`);
  }
  return layer;
}

function unsuitable(rootfs: string, why: string): ProvisionerError {
  const message = `Cannot bind to '${rootfs}': ${why}; use the overlay or the copy backend`;
  return new ProvisionerError('BACKEND_UNSUITABLE', message);
}
