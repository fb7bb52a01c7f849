import type { Future } from '@keelson/process';

/** One line of mountinfo, in mount order. */
export interface MountEntry {
  readonly id: number;
  readonly target: string;
  readonly type: string;
  readonly source: string;
  readonly options: string;
}

export interface OverlayMount {
  /** Layer trees, top-most FIRST, as overlayfs wants them. Any number, any path text. */
  readonly lower: readonly string[];
  readonly upper: string;
  readonly work: string;
  readonly target: string;
}

/** Mounting, off the event loop. Failures are `FileError`s with the errno name. */
export interface Mounts {
  mountOverlay(mount: OverlayMount): Future<void>;
  mountBind(mount: { source: string; target: string; readOnly?: boolean; recursive?: boolean }): Future<void>;
  /**
   * `lazy` detaches at once and lets busy users finish (MNT_DETACH). EINVAL when nothing is mounted there.
   */
  unmount(target: string, options?: { lazy?: boolean }): Future<void>;
  /**
   * Detaches (MNT_DETACH) whatever is mounted at `target`, however often mounts are stacked there, and answers how
   * many there were. Where there is no `target` there are none.
   */
  detach(target: string): Future<number>;
  list(): Future<readonly MountEntry[]>;
  /** File-system types the kernel offers right now (`/proc/filesystems`). */
  fileSystemTypes(): Future<readonly string[]>;
  /**
   * Type of the file system that holds `path` (`ext4`, `overlay`, …), and whether readdir tells entry types.
   */
  probe(path: string): Future<{ readonly type: string; readonly entryTypes: boolean }>;
}
