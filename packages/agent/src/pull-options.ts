import type { Platform } from '@keelson/image';
import type { PullProgress } from '@keelson/store';

export interface PullOptions {
  /** Ask the source again, even for an image that is here. */
  readonly force?: boolean;
  /** Instead of the agent's own. */
  readonly platform?: Platform;
  /** Plain http also to registries that are not on the loopback interface. */
  readonly insecure?: boolean;
  readonly onProgress?: (progress: PullProgress) => void;
}
