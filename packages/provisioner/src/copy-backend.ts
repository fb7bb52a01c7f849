import { dirname } from 'node:path';
import type { Files } from '@keelson/os/ports';
import type { Executor, Future } from '@keelson/process';
import type { LayerTree } from '@keelson/store';
import { trashOf } from './backend-directories.js';
import type { BackendResult } from './backend.js';
import { Backend } from './backend.js';
import type { Warn } from './list-containers.js';
import { cannot, ProvisionerError } from './provisioner-error.js';
import { removeTree } from './remove-tree.js';
import type { CopiedLayers, CopyLayersInput } from './workers/copy-layers.js';

export interface CopyBackendOptions {
  readonly files: Files;
  /** Runs `provisioner.copy-layers` and `os.remove-tree`. */
  readonly executor: Executor;
  /** Told what of a copy could not be kept, such as owners without root. */
  readonly warn?: Warn;
}

/**
 * Makes a root filesystem by copying the layers one over the other: slow, but it needs no privilege and works
 * on every file system. The copy runs in the executor. Mirrors Mesos `provisioner/backends/copy.cpp`.
 */
export class CopyBackend extends Backend<CopyBackend> {
  readonly #files: Files;
  readonly #executor: Executor;
  readonly #warn: Warn;

  constructor({ files, executor, warn = () => {} }: CopyBackendOptions) {
    super('copy-backend');
    this.#files = files;
    this.#executor = executor;
    this.#warn = warn;
  }

  /**
   * @throws ProvisionerError BACKEND_UNSUITABLE  the image has no layers
   * @throws ProvisionerError PROVISION_FAILED    something stands at `rootfs` already, or the copy failed
   */
  override provision(
    layers: readonly LayerTree[],
    rootfs: string,
    backendDirectory: string,
  ): Future<BackendResult> {
    if (layers.length === 0) {
      throw new ProvisionerError('BACKEND_UNSUITABLE', `Cannot copy '${rootfs}': the image has no layers`);
    }
    return this.#files.status(rootfs).then((present) => {
      if (present) throw new ProvisionerError('PROVISION_FAILED', `Cannot copy to '${rootfs}': it exists`);
      return this.#copy(layers, rootfs, backendDirectory);
    });
  }

  /**
   * Renames the tree away, which is one step, then removes it in the executor. A removal that was cut short
   * is taken up again by the next call.
   *
   * @throws ProvisionerError DESTROY_FAILED  the tree could not be moved or removed
   */
  override destroy(rootfs: string, backendDirectory: string, { folderGoes = false } = {}): Future<boolean> {
    if (folderGoes) return this.#files.status(rootfs).then((present) => present !== undefined);
    const trash = trashOf(rootfs, backendDirectory);
    return this.#moveAway(rootfs, trash)
      .then((moved) => this.#files.status(trash).then((left) => (left ? this.#remove(trash) : moved)))
      .repair(cannot('DESTROY_FAILED', `remove the copied root filesystem '${rootfs}'`));
  }

  #copy(layers: readonly LayerTree[], rootfs: string, backendDirectory: string): Future<BackendResult> {
    const input: CopyLayersInput = {
      layers: layers.map(({ rootfs: tree, whiteouts, opaques }) => ({ rootfs: tree, whiteouts, opaques })),
      target: rootfs,
    };
    return this.#files
      .makeDirectory(dirname(rootfs), { mode: 0o700 })
      .then(() => this.#executor.execute<Partial<CopiedLayers>>({ name: 'provisioner.copy-layers', input }))
      // What was answered is there after a power cut too, as its record is.
      .then((copied) => this.#files.syncFileSystem(rootfs).then(() => copied))
      .then(({ skipped: [first] = [], skippedCount }): BackendResult => {
        if (first) this.#warn(`Copied '${rootfs}' but for ${skippedCount} details: '${first.path}': ${first.why}`);
        return { ephemeralVolumes: [] };
      })
      .repair((failed) =>
        // Half a copy is of no use to anybody, and the caller was promised that nothing is left.
        this.destroy(rootfs, backendDirectory)
          .recover(() => false)
          .then(() => failed),
      )
      .repair(cannot('PROVISION_FAILED', `copy the layers to '${rootfs}'`));
  }

  #moveAway(rootfs: string, trash: string): Future<boolean> {
    return this.#files.status(rootfs).then((present) => {
      if (!present) return false;
      return this.#files
        .makeDirectory(dirname(trash), { mode: 0o700 })
        .then(() => this.#files.rename(rootfs, trash))
        .then(() => true);
    });
  }

  #remove(trash: string): Future<boolean> {
    return removeTree(this.#executor, trash).then(() => true);
  }
}
