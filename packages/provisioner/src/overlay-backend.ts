import type { Files, FileStatus, Mounts } from '@keelson/os/ports';
import type { Executor } from '@keelson/process';
import { collect, Future } from '@keelson/process';
import type { LayerTree } from '@keelson/store';
import { allDone } from './all-done.js';
import type { ScratchDirectories } from './backend-directories.js';
import { scratchOf } from './backend-directories.js';
import type { BackendResult } from './backend.js';
import { Backend } from './backend.js';
import { mountsAt } from './mounts-at.js';
import type { Warn } from './list-containers.js';
import { cannot, isBusy, ProvisionerError, reasonOf } from './provisioner-error.js';
import { removeTree } from './remove-tree.js';

export interface OverlayBackendOptions {
  readonly files: Files;
  readonly mounts: Mounts;
  /** Runs `os.remove-tree`. */
  readonly executor: Executor;
  /** Told what a destroyed root filesystem left behind. */
  readonly warn?: Warn;
}

/**
 * Makes a root filesystem by mounting the layers over each other with a writable directory on top: nothing is
 * copied. Needs root and overlayfs. Mirrors Mesos `provisioner/backends/overlay.cpp`.
 */
export class OverlayBackend extends Backend<OverlayBackend> {
  readonly #files: Files;
  readonly #mounts: Mounts;
  readonly #executor: Executor;
  readonly #warn: Warn;

  constructor({ files, mounts, executor, warn = () => {} }: OverlayBackendOptions) {
    super('overlay-backend');
    this.#files = files;
    this.#mounts = mounts;
    this.#executor = executor;
    this.#warn = warn;
  }

  /**
   * Answers upper and work directory as ephemeral volumes: what the container writes lands there
   * (MESOS-9900).
   *
   * @throws ProvisionerError BACKEND_UNSUITABLE  no layers, or a layer without overlay's own deletion marks
   * @throws ProvisionerError PROVISION_FAILED    something stands at `rootfs` already, or the mount failed
   */
  override provision(
    layers: readonly LayerTree[],
    rootfs: string,
    backendDirectory: string,
  ): Future<BackendResult> {
    if (layers.length === 0) {
      throw new ProvisionerError('BACKEND_UNSUITABLE', `Cannot mount '${rootfs}': the image has no layers`);
    }
    const top = layers.at(-1)!.rootfs;
    const marks = collect(layers.map((layer) => this.#requireMarks(layer)));
    return collect([this.#files.status(rootfs), this.#files.status(top), marks] as const).then(([present, shown]) => {
      if (present) throw new ProvisionerError('PROVISION_FAILED', `Cannot mount at '${rootfs}': it exists`);
      return this.#mount(layers, { rootfs, backendDirectory, shown });
    });
  }

  /**
   * Mounts it again over what was written to it before.
   *
   * @throws ProvisionerError PROVISION_FAILED  what was written is gone, or the mount failed
   */
  override restore(layers: readonly LayerTree[], rootfs: string, backendDirectory: string): Future<boolean> {
    const scratch = scratchOf(rootfs, backendDirectory);
    return mountsAt(this.#files, this.#mounts, rootfs)
      .then((standing) => {
        if (standing.length > 0) return false;
        return this.#files
          .status(scratch.upper)
          .then((upper) => {
            if (!upper) throw new Error(`'${scratch.upper}', with what was written, is gone`);
            return this.#files.makeDirectory(scratch.work, { mode: 0o700 });
          })
          .then(() => this.#files.makeDirectory(rootfs, { mode: 0o755 }))
          .then(() => this.#mountOver(layers, scratch, rootfs))
          .then(() => true);
      })
      .repair(cannot('PROVISION_FAILED', `mount the overlay at '${rootfs}' again`));
  }

  /**
   * Detaches the mount if there is one, then removes the writable directories and the mount point.
   * After a reboot nothing is mounted and the rest goes all the same. A directory that stays busy is warned
   * about and left for the next recovery: it must not pin the layers (T17, MESOS-9196).
   *
   * @throws ProvisionerError DESTROY_FAILED  the mount could not be detached, or a directory not be removed
   */
  override destroy(rootfs: string, backendDirectory: string, { folderGoes = false } = {}): Future<boolean> {
    return this.#mounts
      .detach(rootfs)
      .then((detached): boolean | Future<boolean> => {
        if (folderGoes) return detached > 0;
        return collect([
          this.#remove(scratchOf(rootfs, backendDirectory).directory),
          this.#remove(rootfs, () => this.#files.removeDirectory(rootfs)),
        ]).then((removed) => detached > 0 || removed.includes(true));
      })
      .repair(cannot('DESTROY_FAILED', `take down the overlay at '${rootfs}'`));
  }

  /**
   * A layer unpacked without privilege holds no 0:0 devices, so overlay would show what the layer deleted.
   * One mark tells for all: they are made by one unpacking.
   */
  #requireMarks(layer: LayerTree): Future<void> {
    // A name that is no text stands in the list with its bytes escaped (`path-text.ts` of the image package).
    const whiteout = layer.whiteouts.find((path) => !path.includes('%'));
    if (whiteout === undefined) return Future.ready(undefined);
    return this.#files.status(`${layer.rootfs}/${whiteout}`).then((mark) => {
      if (mark?.kind === 'character') return;
      throw new ProvisionerError(
        'BACKEND_UNSUITABLE',
        `Layer ${layer.id} deletes '${whiteout}' but was unpacked without the device that tells overlay so; ` +
          `use the copy backend`,
      );
    });
  }

  /** @param shown  what the container's `/` shall look like: the root of the topmost layer */
  #mount(
    layers: readonly LayerTree[],
    { rootfs, backendDirectory, shown }: { rootfs: string; backendDirectory: string; shown: FileStatus | undefined },
  ): Future<BackendResult> {
    const scratch = scratchOf(rootfs, backendDirectory);
    return this.#makeDirectories(scratch, rootfs, shown)
      .then(() => this.#mountOver(layers, scratch, rootfs))
      .then((): BackendResult => ({ ephemeralVolumes: [scratch.upper, scratch.work] }))
      .repair((failed) =>
        this.destroy(rootfs, backendDirectory)
          .recover(() => false)
          .then(() => failed),
      )
      .repair(cannot('PROVISION_FAILED', `mount an overlay at '${rootfs}'`));
  }

  #mountOver(layers: readonly LayerTree[], { upper, work }: ScratchDirectories, target: string): Future<void> {
    return this.#mounts.mountOverlay({ lower: layers.map((layer) => layer.rootfs).toReversed(), upper, work, target });
  }

  #makeDirectories(
    { directory, upper, work }: ScratchDirectories,
    rootfs: string,
    shown: FileStatus | undefined,
  ): Future<void> {
    // Overlay shows mode and owner of the upper directory as those of the container's `/`.
    const { mode = 0o755, userId, groupId } = shown ?? {};
    const owner = userId === undefined || groupId === undefined ? undefined : { userId, groupId };
    const writable = this.#files.makeDirectory(directory, { mode: 0o700 }).then(() =>
      allDone([
        this.#files.makeNewDirectory(upper, { mode: mode & 0o7777, ...(owner && { owner }) }),
        this.#files.makeDirectory(work, { mode: 0o700 }),
      ]),
    );
    return allDone([writable, this.#files.makeDirectory(rootfs, { mode: 0o755 })]);
  }

  /** @param quickly  tried first: for what is an empty directory unless something went wrong */
  #remove(directory: string, quickly?: () => Future<void>): Future<boolean> {
    return this.#files.status(directory).then((present) => {
      if (!present) return false;
      const whole = (): Future<unknown> => removeTree(this.#executor, directory);
      return (quickly ? quickly().recover(whole) : whole())
        .then(() => true)
        .repair((failed) => {
          const failure = failed.failure();
          if (!isBusy(failure)) return failed;
          this.#warn(`Leaving '${directory}' behind: ${reasonOf(failure)}`);
          return Future.ready(true);
        });
    });
  }
}
