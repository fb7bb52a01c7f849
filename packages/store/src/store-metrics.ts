import type { Clock, Metric } from '@keelson/process';
import { Counter, Timer } from '@keelson/process';
import type { PruneReport } from './prune-report.js';

/**
 * What the store counts. The pull timer has the name that Mesos gave it; Mesos measured nothing about
 * pruning.
 */
export class StoreMetrics {
  /** Of whole pulls, over the last hour. */
  readonly imagePull: Timer;
  readonly pullsFailed = new Counter('store/image_pulls_failed');
  /** Requests that found their pull under way. */
  readonly pullsJoined = new Counter('store/image_pulls_joined');
  readonly bytesDownloaded = new Counter('store/bytes_downloaded');
  readonly layersReused = new Counter('store/layers_reused');
  readonly prunes = new Counter('store/prunes');
  readonly prunesFailed = new Counter('store/prunes_failed');
  readonly imagesPruned = new Counter('store/images_pruned');
  readonly layersPruned = new Counter('store/layers_pruned');
  /** Wanted gone and could not be renamed. */
  readonly layersSkipped = new Counter('store/layers_skipped');

  constructor(clock?: Clock) {
    const options = { windowMs: 60 * 60 * 1_000, ...(clock === undefined ? {} : { clock }) };
    this.imagePull = new Timer('containerizer/mesos/provisioner/docker_store/image_pull', options);
  }

  /** Counts what a prune did. */
  pruned(report: PruneReport): void {
    this.prunes.increment();
    this.imagesPruned.increment(report.removed.images.length);
    this.layersPruned.increment(report.removed.layers.length);
    this.layersSkipped.increment(report.skipped.length);
  }

  /** For a registry of metrics. */
  all(): readonly Metric[] {
    return Object.values(this) as Metric[];
  }
}
