import type { PID } from '@keelson/process';
import type { Store } from '@keelson/store';
import type { BackendName, BackendPid } from './backend.js';
import type { ContainerEntry } from './container-table.js';

/** One request to provision, while it is at work. */
export interface Provisioning {
  readonly entry: ContainerEntry;
  readonly rootfsId: string;
  readonly rootfs: string;
  readonly backend: { readonly name: BackendName; readonly actor: BackendPid };
  /** The backend's own folder of this container. */
  readonly backendDirectory: string;
  readonly store: PID<Store>;
  /** Holds the store's root until the layers are on record. */
  readonly owner: string;
}
