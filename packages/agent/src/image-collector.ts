import type { FileSystemSpace } from '@keelson/os/ports';
import type { Clock, ClockTimer, Metric } from '@keelson/process';
import { defer, delay, Future, Process, undiscardable } from '@keelson/process';
import type { PruneReport, Reclaim, SweepReport } from '@keelson/store';
import type { ImageGcSettings } from './image-gc-config.js';
import { ImageGcMetrics } from './image-gc-metrics.js';
import type { Fullness } from './image-gc-need.js';
import { isOver, needOf } from './image-gc-need.js';
import type { ImageGcPhases, ImageGcReason, ImageGcRun, ImageGcTrigger } from './image-gc-run.js';

export interface ImageCollectorOptions {
  readonly settings: ImageGcSettings;
  /** Of the file system that holds the store. */
  readonly space: () => Future<FileSystemSpace>;
  /** What the layers take on disk. */
  readonly storeBytes: () => Future<number>;
  /** Prunes through the containerizers, who know what is in use. */
  readonly prune: (excluded: readonly string[], reclaim: Reclaim) => Future<PruneReport>;
  /** Settles when what was pruned is off the disk, as far as it can be. */
  readonly swept: () => Future<SweepReport>;
  readonly clock: Clock;
  /** Wall clock in ms since the epoch: what last uses are told in. */
  readonly wallClockMs: () => number;
  /** Told every run once, also those that decided to do nothing. */
  readonly onRun: (run: ImageGcRun) => void;
  readonly measure: (metric: Metric) => void;
}

/** Automatic runs are at least this far apart, whatever triggers them. */
const leastPauseMs = 1_000;
/** How far runs that do not help move apart. */
const longestPauseMs = 60 * 60 * 1_000;

/**
 * Keeps the disk of the store from filling up: looks at it now and then and after pulls, and has the least recently
 * used images pruned once it is over the high watermark, until it would be under the low one.
 *
 * One run at a time; who asks meanwhile joins it. A run waits for the sweep before it measures, so that nothing is
 * counted as used that is on its way out. Where all that may go does not bring the file system under its mark,
 * others fill it: the looks move apart then, so that what is pulled again is not taken at every look (Mesos wiped
 * its cache each time and gained nothing, T30). Every run is told, with trigger, result and reason (T29).
 * Mirrors Mesos `Slave::_checkImageDiskUsage`.
 */
export class ImageCollector extends Process<ImageCollector> {
  readonly #options: ImageCollectorOptions;
  readonly #metrics: ImageGcMetrics;
  #running: Future<ImageGcRun> | undefined;
  #timer: ClockTimer | undefined;
  #endedAtMs = Number.NEGATIVE_INFINITY;
  /** Runs in a row that took what they could and did not help. */
  #inVain = 0;

  constructor(options: ImageCollectorOptions) {
    super('image-collector');
    this.#options = options;
    this.#metrics = new ImageGcMetrics(options.measure);
  }

  protected override initialize(): void {
    this.#watch();
  }

  /** Looks now, and collects if there is need; joins a run that is under way. */
  collect(trigger: ImageGcTrigger = 'manual'): Future<ImageGcRun> {
    this.#running ??= this.#run(trigger).onAny(
      defer(this, () => {
        this.#running = undefined;
        this.#endedAtMs = this.#options.clock.now();
      }),
    );
    return undiscardable(this.#running);
  }

  /** The time to look has come. */
  tick(): void {
    if (this.#running) return this.#watch();
    this.collect('interval').onAny(defer(this, () => this.#watch()));
  }

  /** An image was fetched: the file system may be over its mark now, long before the next look. */
  pulled(reference: string): void {
    this.#metrics.pulled(reference, this.#options.wallClockMs());
    if (this.#mayRun() && this.#inVain === 0) {
      this.#look().then(defer(this, (fullness) => this.#overMark(fullness)));
    }
  }

  /**
   * A pull failed for want of space. Collects, or joins a collection under way, and answers whether that removed
   * anything: then another try is worth while.
   */
  diskFull(): Future<boolean> {
    if (!this.#options.settings.enabled || !(this.#running || this.#mayRun())) return Future.ready(false);
    return this.collect('disk-full').then(({ images, layers }) => images.length + layers > 0);
  }

  /** Somebody has pruned all that was unused: told and counted like any other run. */
  pruned(report: PruneReport, elapsedMs: number): void {
    const { images, layers } = report.removed;
    const run: ImageGcRun = {
      ...idle('manual', images.length + layers.length > 0 ? 'all_unused' : 'nothing_reclaimable'),
      result: images.length + layers.length > 0 ? 'success' : 'noop',
      images: images.map(({ reference }) => reference),
      layers: layers.length,
      freedBytes: report.bytes,
      elapsedMs,
    };
    // Who asks for all that is unused need not plan, and does not wait for the sweep.
    this.#tell(run, { plan: 0, detach: elapsedMs, sweep: 0 });
  }

  #mayRun(): boolean {
    const { settings, clock } = this.#options;
    return settings.enabled && !this.#running && clock.now() - this.#endedAtMs >= leastPauseMs;
  }

  #watch(): void {
    const { enabled, watchIntervalMs } = this.#options.settings;
    if (!enabled) return;
    const longest = Math.max(longestPauseMs, watchIntervalMs);
    this.#timer?.cancel();
    this.#timer = delay(Math.min(longest, watchIntervalMs * 2 ** Math.min(this.#inVain, 20)), this.self, 'tick');
  }

  #overMark(fullness: Fullness): void {
    if (this.#mayRun() && isOver(this.#options.settings, fullness)) this.collect('watermark');
  }

  #look(): Future<Fullness> {
    const { space, storeBytes } = this.#options;
    return space().then(({ totalBytes, freeBytes }) =>
      storeBytes().then((bytes) => ({ usedBytes: totalBytes - freeBytes, totalBytes, storeBytes: bytes })),
    );
  }

  #run(trigger: ImageGcTrigger): Future<ImageGcRun> {
    const { clock, swept } = this.#options;
    const laps = new Laps(clock);
    return swept()
      .then(() => this.#look())
      .then(defer(this, (fullness) => this.#collect(trigger, fullness, laps)))
      .repair((failed) => Future.ready(failedRun(trigger, 'stats_error', failed.failure())))
      .then(
        defer(this, (run) => {
          const told = { ...run, elapsedMs: Math.round(laps.elapsedMs()) };
          this.#tell(told, laps.phases);
          return told;
        }),
      );
  }

  #collect(trigger: ImageGcTrigger, before: Fullness, laps: Laps): Future<ImageGcRun> {
    const { settings, prune, wallClockMs } = this.#options;
    const { usedBytes, totalBytes } = before;
    if (!(totalBytes > 0)) {
      const error = new Error(`the file system of the store says that it has ${totalBytes} bytes`);
      return Future.ready(failedRun(trigger, 'invalid_capacity', error));
    }
    const disk = { usedBytes, totalBytes };
    const need = needOf(settings, trigger, before);
    if (need.bytes === 0) {
      this.#inVain = 0;
      return Future.ready({ ...idle(trigger, need.reason), disk });
    }
    const unusedSince = new Date(wallClockMs() - settings.minAgeMs).toISOString();
    const told = { disk, targetBytes: need.bytes };
    laps.end('plan');
    return prune(settings.excludedImages, { bytes: need.bytes, unusedSince })
      .onAny(() => laps.end('detach'))
      .then(defer(this, (report) => this.#measure(report, before, { ...idle(trigger, need.reason), ...told })))
      .onAny(() => laps.end('sweep'))
      .repair((failed) => Future.ready({ ...failedRun(trigger, 'prune_failed', failed.failure()), ...told }));
  }

  #measure(report: PruneReport, before: Fullness, run: ImageGcRun): Future<ImageGcRun> {
    const { images, layers } = report.removed;
    const did = { ...run, images: images.map(({ reference }) => reference), layers: layers.length };
    // What went is told even where the file system cannot be measured any more.
    const lookAgain = (): Future<Fullness> => this.#look().repair(() => Future.ready(before));
    return this.#options.swept().then(({ unlinkedBytes }) =>
      lookAgain().then(
        defer(this, (after): ImageGcRun => {
          const took = images.length + layers.length > 0;
          const over = isOver(this.#options.settings, after);
          this.#inVain = over ? this.#inVain + 1 : 0;
          const measured = before.usedBytes - after.usedBytes;
          const freedBytes = { planned: report.bytes.planned, unlinked: took ? unlinkedBytes : 0, measured };
          if (!took) return { ...did, freedBytes, result: 'noop', reason: 'nothing_reclaimable' };
          if (over) return { ...did, freedBytes, result: 'partial', reason: 'insufficient_freed' };
          return { ...did, freedBytes, result: 'success' };
        }),
      ),
    );
  }

  #tell(run: ImageGcRun, phases: ImageGcPhases): void {
    this.#metrics.count(run, phases, this.#options.wallClockMs());
    this.#options.onRun(run);
  }
}

/** How long each phase of one run took; one that it did not get to, nothing. */
class Laps {
  readonly phases = { plan: 0, detach: 0, sweep: 0 };
  readonly #startedAtMs: number;
  #atMs: number;

  constructor(private readonly clock: Clock) {
    this.#startedAtMs = this.#atMs = clock.now();
  }

  end(phase: keyof ImageGcPhases): void {
    this.phases[phase] = this.clock.now() - this.#atMs;
    this.#atMs += this.phases[phase];
  }

  elapsedMs(): number {
    return this.clock.now() - this.#startedAtMs;
  }
}

function idle(trigger: ImageGcTrigger, reason: ImageGcReason): ImageGcRun {
  return {
    trigger,
    result: 'noop',
    reason,
    images: [],
    layers: 0,
    targetBytes: 0,
    freedBytes: { planned: 0, unlinked: 0, measured: 0 },
    disk: null,
    elapsedMs: 0,
    error: null,
  };
}

function failedRun(trigger: ImageGcTrigger, reason: ImageGcReason, error: Error): ImageGcRun {
  const { code = 'UNKNOWN' } = error as { code?: string };
  return { ...idle(trigger, reason), result: 'error', error: { code, message: error.message } };
}
