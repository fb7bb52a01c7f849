import type { Files, Mounts } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import type { Executor } from '@keelson/process';
import { Future } from '@keelson/process';
import { reasonOf } from './provisioner-error.js';
import type { ProvisionerPaths } from './provisioner-paths.js';
import { removeTree } from './remove-tree.js';

/**
 * File systems that cannot hold overlay's writable directories, as Mesos `provisioner/utils.cpp` has them.
 */
const unsuitableTypes = new Set(['aufs', 'btrfs', 'ecryptfs', 'zfs', 'overlay', 'overlayfs']);

export interface OverlayProbe {
  readonly paths: ProvisionerPaths;
  readonly files: Files;
  readonly mounts: Mounts;
  readonly executor: Executor;
}

/**
 * Why overlay must not be used in the provisioner's folder, `undefined` if it may: the file system's type,
 * its missing directory entry types (overlay on xfs without ftype corrupts, T23), or what a trial mount says.
 * The trial is what tells a container with root's user id but without the right to mount.
 */
export function whyOverlayIsUnsuitable({ paths, files, mounts, executor }: OverlayProbe): Future<string | undefined> {
  return files
    .makeDirectory(paths.root, { mode: 0o700 })
    .then(() => mounts.probe(paths.root))
    .then(({ type, entryTypes }) => {
      if (unsuitableTypes.has(type)) return `'${paths.root}' lies on ${type}, which overlay cannot write to`;
      if (!entryTypes) return `'${paths.root}' lies on ${type} without directory entry types (d_type)`;
      return tryMounting({ paths, files, mounts, executor });
    })
    .repair((failed) => `'${paths.root}' could not be probed: ${reasonOf(failed.failure())}`);
}

/**
 * Takes away what a trial left whose agent was killed meanwhile, its mount above all: the next trial may come late,
 * with the first root filesystem that is asked for. Never fails; what stays, that trial will tell of.
 */
export function removeTrial({ paths, files, mounts, executor }: OverlayProbe): Future<void> {
  const probe = probeIn(paths);
  return files
    .status(probe)
    .then((found) => {
      if (!found) return undefined;
      return mounts.detach(`${probe}/merged`).then(() => removeProbe(probe, { files, executor }));
    })
    .recover(() => {});
}

function probeIn(paths: ProvisionerPaths): string {
  return `${paths.root}/.probe`;
}

function tryMounting({ paths, files, mounts, executor }: OverlayProbe): Future<string | undefined> {
  const probe = probeIn(paths);
  const at = (name: string): string => `${probe}/${name}`;
  return ['lower', 'upper', 'work', 'merged']
    .reduce<Future<void>>(
      (before, name) => before.then(() => files.makeDirectory(at(name), { mode: 0o700 })),
      Future.ready(),
    )
    .then(() => {
      const mount = { lower: [at('lower')], upper: at('upper'), work: at('work'), target: at('merged') };
      return mounts.mountOverlay(mount);
    })
    .then(() => mounts.unmount(at('merged'), { lazy: true }))
    .then((): string | undefined => undefined)
    .repair((failed) => `a trial mount failed: ${reasonOf(failed.failure())}`)
    .then((reason) =>
      removeProbe(probe, { files, executor })
        .recover(() => {})
        .then(() => reason),
    );
}

/** A handful of empty directories, `work/work` made by the kernel: not worth a thread. */
function removeProbe(probe: string, { files, executor }: Pick<OverlayProbe, 'files' | 'executor'>): Future<void> {
  const kernels = `${probe}/work`;
  const paths = [`${kernels}/work`, kernels, `${probe}/merged`, `${probe}/upper`, `${probe}/lower`, probe];
  return paths
    .reduce<Future<void>>(
      (before, path) => before.then(() => files.removeDirectory(path).recover(ifMissing)),
      Future.ready(),
    )
    .repair(() => removeTree(executor, probe).then(() => {}));
}

function ifMissing(failed: Future<void>): Future<void> {
  const failure = failed.isFailed() ? failed.failure() : undefined;
  return failure instanceof FileError && failure.code === 'ENOENT' ? Future.ready() : failed;
}
