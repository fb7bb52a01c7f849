import type { Files } from '@keelson/os/ports';
import type { Clock, Executor, PID, Random } from '@keelson/process';
import type { Store } from '@keelson/store';
import type { BackendName } from './backend.js';
import type { AvailableBackends } from './create-backends.js';
import type { ImageName } from './image-name.js';
import type { Warn } from './list-containers.js';
import type { ProvisionerPaths } from './provisioner-paths.js';

/** What a provisioner works with. */
export interface ProvisionerOptions extends AvailableBackends {
  readonly paths: ProvisionerPaths;
  readonly files: Files;
  /** Runs `os.remove-tree`. */
  readonly executor: Executor;
  /** Measures how long a prune holds the lock. */
  readonly clock: Clock;
  /** Names root filesystems. */
  readonly random: Random;
  /** One for each type of image. */
  readonly stores: ReadonlyMap<ImageName['type'], PID<Store>>;
  /** For new root filesystems that name none; without it what `chooseBackend` prefers. */
  readonly defaultBackend?: BackendName;
  /** Told what was passed over, kept or left behind, one sentence each. */
  readonly warn?: Warn;
}
