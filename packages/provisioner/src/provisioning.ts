import type { PID } from '@keelson/process';
import type { Store } from '@keelson/store';
import type { ChosenBackend } from './choose-backend.js';
import type { ContainerEntry } from './container-table.js';

/** One request to provision, while it is at work. */
export interface Provisioning {
  readonly entry: ContainerEntry;
  readonly rootfsId: string;
  readonly store: PID<Store>;
  /** Holds the store's root until the layers are on record. */
  readonly owner: string;
}

/** A request whose image is here, and whose place is known. */
export interface Building extends Provisioning {
  readonly backend: ChosenBackend;
  readonly rootfs: string;
  /** The backend's own folder of this container. */
  readonly backendDirectory: string;
}
