import { basename } from 'node:path';

/** What overlay writes to one root filesystem: changed files in `upper`, its own bookkeeping in `work`. */
export interface ScratchDirectories {
  readonly directory: string;
  readonly upper: string;
  readonly work: string;
}

/**
 * Overlay's writable directories of `rootfs`. One set per rootfs id: the image and the image volumes of one
 * container must not share them (MESOS-6653).
 */
export function scratchOf(rootfs: string, backendDirectory: string): ScratchDirectories {
  const directory = `${backendDirectory}/scratch/${basename(rootfs)}`;
  return { directory, upper: `${directory}/upperdir`, work: `${directory}/workdir` };
}

/** Where a copied `rootfs` waits for its removal; on the same file system, so one rename brings it there. */
export function trashOf(rootfs: string, backendDirectory: string): string {
  return `${backendDirectory}/trash/${basename(rootfs)}`;
}

