import type { ContainerId } from '@keelson/provisioner';

/** A root filesystem that was made, and what it stands on (layer ids, base first). */
export interface ProvisionedRoot {
  readonly containerId: ContainerId;
  readonly rootfs: string;
  readonly backend: string;
  readonly layers: readonly string[];
}
