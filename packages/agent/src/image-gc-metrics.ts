import type { Metric } from '@keelson/process';
import { Counter, PushGauge } from '@keelson/process';
import type { ImageGcPhases, ImageGcRun } from './image-gc-run.js';
import { imageGcPhases } from './image-gc-run.js';

/** How long a re-pull after a collection is regretted. */
const regretMs = 60 * 60 * 1_000;
const mostRemembered = 10_000;

/**
 * What collections are counted by. A counter for each way a run ended is made when that is first seen:
 * `image_gc/attempts/TRIGGER/RESULT/REASON`. No name of an image is in any of them.
 */
export class ImageGcMetrics {
  readonly #attempts = new Map<string, Counter>();
  readonly #targetBytes = new PushGauge('image_gc/target_bytes');
  readonly #durationsMs = {
    plan: new PushGauge('image_gc/duration_ms/plan'),
    detach: new PushGauge('image_gc/duration_ms/detach'),
    sweep: new PushGauge('image_gc/duration_ms/sweep'),
  };
  readonly #usedFraction = new PushGauge('image_gc/disk_used_fraction');
  readonly #freedBytes = {
    planned: new Counter('image_gc/freed_bytes/planned'),
    unlinked: new Counter('image_gc/freed_bytes/unlinked'),
    measured: new Counter('image_gc/freed_bytes/measured'),
  };
  /** Images pulled again within an hour of being collected: a sign that too much goes. */
  readonly #repulls = new Counter('image_gc/repulls');
  readonly #collected = new Map<string, number>();

  /** @param measure  registers a metric */
  constructor(private readonly measure: (metric: Metric) => void) {
    const { planned, unlinked, measured } = this.#freedBytes;
    const { plan, detach, sweep } = this.#durationsMs;
    const counted = [planned, unlinked, measured, this.#repulls];
    for (const metric of [this.#targetBytes, plan, detach, sweep, this.#usedFraction, ...counted]) measure(metric);
  }

  count(run: ImageGcRun, phases: ImageGcPhases, nowMs: number): void {
    const name = `image_gc/attempts/${run.trigger}/${run.result}/${run.reason}`;
    let counter = this.#attempts.get(name);
    if (!counter) {
      counter = new Counter(name);
      this.#attempts.set(name, counter);
      this.measure(counter);
    }
    counter.increment();
    this.#targetBytes.set(run.targetBytes);
    for (const phase of imageGcPhases) this.#durationsMs[phase].set(phases[phase]);
    if (run.disk) this.#usedFraction.set(run.disk.usedBytes / run.disk.totalBytes);
    for (const kind of ['planned', 'unlinked', 'measured'] as const) {
      this.#freedBytes[kind].increment(Math.max(0, run.freedBytes[kind]));
    }
    if (run.trigger === 'manual') return;
    for (const reference of run.images) this.#collected.set(reference, nowMs);
    for (const reference of this.#collected.keys()) {
      if (this.#collected.size <= mostRemembered) break;
      this.#collected.delete(reference);
    }
  }

  /** An image was fetched. */
  pulled(reference: string, nowMs: number): void {
    const collectedAtMs = this.#collected.get(reference);
    this.#collected.delete(reference);
    if (collectedAtMs !== undefined && nowMs - collectedAtMs < regretMs) this.#repulls.increment();
  }
}
