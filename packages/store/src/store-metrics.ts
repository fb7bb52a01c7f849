import type { Clock, Metric } from '@keelson/process';
import { Counter, PullGauge, Timer } from '@keelson/process';
import { keepKindOf, keepKinds } from './keep-reason.js';
import type { PruneReport } from './prune-report.js';
import type { Roots } from './roots.js';

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

  /** What prunes looked at and left, by the kind of the reason. */
  readonly #kept = new Map(keepKinds.map((kind) => [kind, new Counter(`store/prune_kept/${kind}`)]));

  /** Roots now: those that are held, and those that a prune lets linger. */
  readonly #roots: readonly Metric[];

  /** @param roots  counts them */
  constructor(clock?: Clock, roots: () => Roots['counts'] = () => ({ held: 0, lingering: 0 })) {
    this.#roots = (['held', 'lingering'] as const).map(
      (state) => new PullGauge(`store/roots/${state}`, () => roots()[state]),
    );
    const options = { windowMs: 60 * 60 * 1_000, ...(clock === undefined ? {} : { clock }) };
    this.imagePull = new Timer('containerizer/mesos/provisioner/docker_store/image_pull', options);
  }

  /** Counts what a prune did. */
  pruned(report: PruneReport): void {
    this.prunes.increment();
    this.imagesPruned.increment(report.removed.images.length);
    this.layersPruned.increment(report.removed.layers.length);
    this.layersSkipped.increment(report.skipped.length);
    for (const { why } of report.kept) this.#kept.get(keepKindOf(why))!.increment();
  }

  /** For a registry of metrics. */
  all(): readonly Metric[] {
    return [...(Object.values(this) as Metric[]), ...this.#kept.values(), ...this.#roots];
  }
}
