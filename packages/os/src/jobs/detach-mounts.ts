import { FileError } from '../ports/files.js';
import { unmount } from '../system-calls/mounting.js';

export interface DetachMountsInput {
  readonly target: string;
}

/**
 * Job `os.detach-mounts`: takes off whatever is mounted at one place, the upper-most first, and answers how many that
 * were. The kernel is asked instead of the mount table: it knows what links lead there.
 */
export default function detachMounts({ target }: DetachMountsInput): number {
  for (let detached = 0; ; detached += 1) {
    try {
      unmount(target, { lazy: true });
    } catch (error) {
      // Nothing is mounted there any more, or there is no such place.
      if (error instanceof FileError && (error.code === 'EINVAL' || error.code === 'ENOENT')) return detached;
      throw error;
    }
  }
}
