import type { Platform } from '@keelson/image';
import type { Files, Host } from '@keelson/os/ports';
import type { Clock, Executor, Future, PID, Random } from '@keelson/process';
import type { InspectionEvent } from 'xstate';
import type { MetadataManager } from './metadata-manager.js';
import type { StorePaths } from './paths.js';
import type { Puller } from './puller.js';
import type { Sweeper } from './sweeper.js';

export interface DockerStoreOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly executor: Executor;
  readonly host: Host;
  readonly random: Random;
  /** For durations only. */
  readonly clock: Clock;
  readonly metadata: PID<MetadataManager>;
  readonly puller: PID<Puller>;
  readonly sweeper: PID<Sweeper>;
  /** What to pull where a request names no platform; default: that of the host. */
  readonly platform?: Platform;
  /** Blobs transferred at once from one repository. Default 3. */
  readonly parallelDownloads?: number;
  /** Of all blobs of one image, as its manifest announces them. Default 64 GiB. */
  readonly maxImageBytes?: number;
  /** Handed to the job `store.unpack-layer`; its defaults apply where nothing is given. */
  readonly unpackLimits?: Readonly<Record<string, number>>;
  /** Told when recovery begins. */
  readonly onRecovering?: () => void;
  /** Told after a pull that fetched something. */
  readonly onPulled?: (reference: string) => void;
  /**
   * Asked when a pull failed because the disk, or the quota, is full. `true`: something was freed, and the pull is
   * tried once more.
   */
  readonly makeRoom?: () => Future<boolean>;
  /** Told every transition of every pull's machine. */
  readonly inspect?: (event: InspectionEvent) => void;
  /** Layers renamed in one turn of a prune. Default 64. */
  readonly pruneSliceSize?: number;
}
