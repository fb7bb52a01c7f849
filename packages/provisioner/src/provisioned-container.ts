import type { Digest } from '@keelson/image';
import type { LayerId } from '@keelson/store';
import type { ContainerId } from './container-id.js';

/** One root filesystem of a container and what it stands on. */
export interface ProvisionedRootfs {
  readonly rootfsId: string;
  /** The backend that made it and takes it down, whatever today's default is. */
  readonly backend: string;
  /** Absolute path. */
  readonly rootfs: string;
  /** Canonical reference and manifest digest of the image it was made from. */
  readonly reference: string;
  readonly digest: Digest;
  /** Base first. */
  readonly layers: readonly LayerId[];
}

/**
 * A container with its root filesystems: the one of its own image and those of its image volumes.
 * A parent whose child alone has an image is listed with none.
 */
export interface ProvisionedContainer {
  readonly id: ContainerId;
  readonly rootfses: readonly ProvisionedRootfs[];
  /**
   * Set when not all of its layers are known, with the reason naming the file: nothing may be pruned then.
   */
  readonly layersUnknown?: string;
}
