import type { DirectoryEntry, Files } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { collect } from '@keelson/process';
import type { ContainerId } from './container-id.js';
import { isContainerId } from './container-id.js';
import type { ProvisionerPaths } from './provisioner-paths.js';
import { removedPrefix } from './put-aside.js';

/** Told what a listing passed over, one sentence each. */
export type Warn = (warning: string) => void;

export interface ListingObserver {
  readonly warn: Warn;
  /** Told the path of what is left of a container that was destroyed. */
  readonly onRemoved: (path: string) => void;
}

/** A root filesystem found on disk. `backend` is the folder's name: perhaps one this agent cannot run. */
export interface FoundRootfs {
  readonly backend: string;
  readonly rootfsId: string;
  readonly rootfs: string;
}

/**
 * Every container with a folder, parents before their children. A parent is listed even when only its child
 * has an image. What is not a directory, or no name of a container, is warned about and passed over; what
 * was put aside to be removed is told apart.
 *
 * Mirrors Mesos `provisioner/paths.cpp` (`listContainers`). No provisioner folder yet means no containers.
 */
export function listContainers(
  paths: ProvisionerPaths,
  files: Files,
  { warn = ignore, onRemoved = ignore }: Partial<ListingObserver> = {},
): Future<ContainerId[]> {
  return listBelow(undefined, paths, files, { warn, onRemoved });
}

/**
 * The root filesystems of one container over all backends. Missing `backends` or `rootfses` folders are fine
 * (a crash may leave either, MESOS-7471); other oddities are warned about and passed over.
 */
export function listRootfses(
  id: ContainerId,
  paths: ProvisionerPaths,
  files: Files,
  warn: Warn = ignore,
): Future<FoundRootfs[]> {
  return listDirectories(paths.backends(id), files, warn).then((backends) =>
    collect(
      backends.map((backend) =>
        listDirectories(paths.rootfses(id, backend), files, warn).then((rootfsIds) =>
          rootfsIds.map((rootfsId) => ({ backend, rootfsId, rootfs: paths.rootfs(id, backend, rootfsId) })),
        ),
      ),
    ).then((found) => found.flat()),
  );
}

function listBelow(
  parent: ContainerId | undefined,
  paths: ProvisionerPaths,
  files: Files,
  observer: ListingObserver,
): Future<ContainerId[]> {
  const { warn, onRemoved } = observer;
  const directory = parent === undefined ? paths.containers : paths.children(parent);
  return listDirectories(directory, files, warn).then((all) => {
    const names = all.filter((name) => !name.startsWith(removedPrefix));
    for (const name of all) if (name.startsWith(removedPrefix)) onRemoved(`${directory}/${name}`);
    const ids = names.map((name) => (parent === undefined ? name : `${parent}.${name}`));
    const ours = ids.filter((id, index) => {
      // A dot separates the values of an id, so a folder name with one would read as somebody else's child.
      const named = isContainerId(id) && !names[index]?.includes('.');
      if (!named) warn(`Passing over '${directory}/${names[index]}': no name of a container`);
      return named;
    });
    const trees = ours.map((id) => listBelow(id, paths, files, observer).then((below) => [id, ...below]));
    return collect(trees).then((lists) => lists.flat());
  });
}

/** Names of the directories in `directory`, in a stable order; none when it is missing. */
function listDirectories(directory: string, files: Files, warn: Warn): Future<string[]> {
  return listIfPresent(directory, files).then((entries) => {
    for (const entry of entries) {
      if (entry.kind !== 'directory') warn(`Passing over '${directory}/${entry.name}': not a directory`);
    }
    return entries.filter((entry) => entry.kind === 'directory').map((entry) => entry.name).toSorted();
  });
}

function listIfPresent(directory: string, files: Files): Future<readonly DirectoryEntry[]> {
  return files.list(directory).repair((listed) => {
    const failure = listed.failure();
    return failure instanceof FileError && failure.code === 'ENOENT' ? [] : listed;
  });
}

function ignore(): void {}
