import { readFileSync } from 'node:fs';
import { mountsWithin, parseMountInfo } from '../mountinfo.js';
import type { FileError } from '../ports/files.js';
import { mount, MountFlag, setMountReadOnly, unmount } from '../system-calls/mounting.js';

export interface MountBindInput {
  readonly source: string;
  readonly target: string;
  readonly readOnly?: boolean;
  readonly recursive?: boolean;
}

/**
 * Job `os.mount-bind`: shows `source` at `target` too.
 *
 * Nothing mounted below the target reaches the source. A recursive one still follows what is unmounted below
 * its source (it is a slave), for a copy of a mount would keep that file system busy. Where a later step
 * fails, nothing stays mounted.
 */
export default function mountBind({
  source,
  target,
  readOnly = false,
  recursive = false,
}: MountBindInput): void {
  const depth = recursive ? MountFlag.recursive : 0;
  mount({ source, target, flags: MountFlag.bind | depth });
  try {
    mount({ target, flags: (recursive ? MountFlag.slave : MountFlag.private) | depth });
    if (readOnly) makeReadOnly(target, recursive);
  } catch (error) {
    unmount(target, { lazy: true });
    throw error;
  }
}

/**
 * A bind takes no options at first, so read-only is a second step; before Linux 5.12 a remount of each mount.
 */
function makeReadOnly(target: string, recursive: boolean): void {
  try {
    setMountReadOnly(target, { recursive });
  } catch (error) {
    if ((error as FileError).code !== 'ENOSYS') throw error;
    for (const entry of mountsWithin(parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8')), target)) {
      if (!recursive && entry.target !== target) continue;
      const flags = MountFlag.bind | MountFlag.remount | MountFlag.readOnly | flagsOf(entry.options);
      mount({ target: entry.target, flags });
    }
  }
}

/** A remount clears what it does not name, `nosuid` included. */
function flagsOf(options: string): number {
  return options.split(',').reduce((flags, option) => flags | (optionFlags[option] ?? 0), 0);
}

const optionFlags: Readonly<Record<string, number>> = {
  nosuid: MountFlag.noSetuid,
  nodev: MountFlag.noDevices,
  noexec: MountFlag.noExecute,
  noatime: MountFlag.noAccessTimes,
  relatime: MountFlag.relativeAccessTimes,
};
