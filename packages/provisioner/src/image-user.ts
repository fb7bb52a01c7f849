import type { PruneOptions } from '@keelson/store';
import type { ContainerId } from './container-id.js';
import type { ImageName } from './image-name.js';

/** A container that has not ended, and the images it was asked to run from: its own and those of its volumes. */
export interface ImageUser {
  readonly container: ContainerId;
  readonly images: readonly ImageName[];
}

/** What the containerizer adds to a prune. */
export interface ProvisionerPruneOptions extends PruneOptions {
  /** Whose images stay, also before anything was provisioned from them. Default: nobody's. */
  readonly users?: readonly ImageUser[];
}
