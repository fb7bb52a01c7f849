import type { Platform } from '@keelson/image';
import type { PullProgress } from '@keelson/store';
import type { RegistryLogin } from './registry-login.js';

export interface PullOptions {
  /** Ask the source again, even for an image that is here. */
  readonly force?: boolean;
  /** Instead of the agent's own. */
  readonly platform?: Platform;
  /** Plain http also to registries that are not on the loopback interface. */
  readonly insecure?: boolean;
  /** Whose credentials to show, instead of those of the agent's own user. */
  readonly login?: RegistryLogin;
  readonly onProgress?: (progress: PullProgress) => void;
}
