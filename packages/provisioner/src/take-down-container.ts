import type { Files } from '@keelson/os/ports';
import type { Executor } from '@keelson/process';
import { awaitAll, Future } from '@keelson/process';
import type { BackendName, BackendPid } from './backend.js';
import type { ContainerId } from './container-id.js';
import type { ContainerEntry } from './container-table.js';
import type { ProvisionedRootfs } from './provisioned-container.js';
import { ProvisionerError, reasonOf } from './provisioner-error.js';
import type { ProvisionerPaths } from './provisioner-paths.js';
import type { LeftoverRemoval } from './put-aside.js';
import { putAside, putAsidePath, removeLeftover } from './put-aside.js';

export interface TakeDownOptions {
  readonly paths: ProvisionerPaths;
  readonly files: Files;
  readonly executor: Executor;
  readonly backends: ReadonlyMap<BackendName, BackendPid>;
  /** For what stays of the container's folder. */
  readonly leftovers: LeftoverRemoval;
}

/**
 * Takes down all root filesystems of one container, each with the backend that made it, then its folder, record and
 * all: that is out of the way when this answers, and removed soon after. What is `nested` in it must have gone before.
 * Tries every one before it fails, and may be tried again.
 *
 * A folder that does not go is told and tried again: with the root filesystems down it needs no layer (T17,
 * MESOS-9196).
 *
 * @throws ProvisionerError DESTROY_FAILED  with one reason for each root filesystem that still stands
 */
export function takeDownContainer(
  { id, rootfses, onDisk }: ContainerEntry,
  nested: readonly Future<void>[],
  options: TakeDownOptions,
): Future<void> {
  return awaitAll(nested)
    .then((outcomes) => requireAll(outcomes, `destroy the containers nested in '${id}'`))
    .then(() => awaitAll([...rootfses.values()].map((rootfs) => takeDownRootfs(id, rootfs, onDisk, options))))
    .then((outcomes) => requireAll(outcomes, `take down the root filesystems of container '${id}'`))
    .then(() => (onDisk ? removeFolder(id, options) : undefined));
}

function removeFolder(id: ContainerId, { paths, files, executor, leftovers }: TakeDownOptions): Future<void> {
  const folder = paths.container(id);
  return putAside(folder, files, executor)
    .then(() => void removeLeftover(putAsidePath(folder), leftovers))
    .repair((failed) => {
      leftovers.warn(`Leaving '${folder}' behind: ${reasonOf(failed.failure())}`);
      return Future.ready(undefined);
    });
}

/** Fails with the reasons of all outcomes that are not ready. */
function requireAll(outcomes: readonly Future<unknown>[], attempt: string): void {
  const reasons = outcomes
    .filter((outcome) => !outcome.isReady())
    .map((outcome) => (outcome.isFailed() ? reasonOf(outcome.failure()) : outcome.toString()));
  if (reasons.length > 0) {
    throw new ProvisionerError('DESTROY_FAILED', `Cannot ${attempt}: ${reasons.join('; ')}`);
  }
}

function takeDownRootfs(
  id: ContainerId,
  rootfs: ProvisionedRootfs,
  folderGoes: boolean,
  { backends, paths }: TakeDownOptions,
): Future<boolean> {
  const backend = backends.get(rootfs.backend as BackendName);
  if (backend) return backend.destroy(rootfs.rootfs, paths.backend(id, rootfs.backend), { folderGoes });
  return Future.failed(
    new ProvisionerError(
      'BACKEND_NOT_SUPPORTED',
      `'${rootfs.rootfs}' was made by the backend '${rootfs.backend}', which is not available here`,
    ),
  );
}
