import type { Platform } from '@keelson/image';
import type { Image, PullProgress, RegistryAccess } from '@keelson/store';
import type { BackendName } from './backend.js';
import type { ContainerId } from './container-id.js';
import type { ProvisionedRootfs } from './provisioned-container.js';

export interface ProvisionOptions {
  /** Instead of the default one. */
  readonly backend?: BackendName;
  readonly platform?: Platform;
  /** `false` asks the source again even when the image is known. Default `true`. */
  readonly cached?: boolean;
  /** Whose credentials a pull shows, instead of the agent's own. */
  readonly access?: RegistryAccess;
  readonly onProgress?: (progress: PullProgress) => void;
}

/** A root filesystem that stands. */
export interface ProvisionInfo extends ProvisionedRootfs {
  readonly containerId: ContainerId;
  readonly backend: BackendName;
  readonly image: Image;
  /** Paths the container fills beside its sandbox; they count against its disk quota. */
  readonly ephemeralVolumes: readonly string[];
}
