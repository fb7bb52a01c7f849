import { unmount } from '../system-calls/mounting.js';

export interface UnmountInput {
  readonly target: string;
  readonly lazy?: boolean;
}

/**
 * Job `os.unmount`.
 *
 * @throws FileError EINVAL when nothing is mounted there, EBUSY while it is in use
 */
export default function unmountTarget({ target, lazy = false }: UnmountInput): void {
  unmount(target, { lazy });
}
