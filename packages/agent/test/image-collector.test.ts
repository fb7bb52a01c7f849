import type { ImageGcConfig, ImageGcRun } from '@keelson/agent';
import { ImageCollector, imageGcSettings } from '@keelson/agent';
import type { PID } from '@keelson/process';
import { Deferred, Future, Metrics, Runtime, VirtualClock } from '@keelson/process';
import type { PruneReport, Reclaim } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';
import { describe, expect, it } from 'vitest';

const minute = 60_000;

/** A disk of 1,000 bytes, and a store that gives back what it is asked for as long as it has it. */
class Bench {
  readonly clock = new VirtualClock();
  readonly runtime = new Runtime({ clock: this.clock });
  readonly metrics = new Metrics({ runtime: this.runtime });
  readonly runs: ImageGcRun[] = [];
  readonly prunes: { readonly excluded: readonly string[]; readonly reclaim: Reclaim }[] = [];
  readonly collector: PID<ImageCollector>;
  totalBytes = 1_000;
  usedBytes = 0;
  /** What may go, the least recently used first. */
  images: { readonly name: string; readonly bytes: number }[] = [];
  failing: { space?: Error; prune?: Error } = {};
  gate: Deferred<void> | undefined;
  sweeping: Deferred<void> | undefined;

  constructor(config?: ImageGcConfig) {
    this.collector = this.runtime.spawn(
      new ImageCollector({
        settings: imageGcSettings(config),
        space: () => {
          const { totalBytes, usedBytes, failing } = this;
          return failing.space ? Future.failed(failing.space) : Future.ready({ totalBytes, freeBytes: totalBytes - usedBytes });
        },
        storeBytes: () => Future.ready(this.images.reduce((sum, { bytes }) => sum + bytes, 0)),
        prune: (excluded, reclaim) => this.#prune(excluded, reclaim),
        swept: () => (this.sweeping?.future ?? Future.ready()).then(() => ({ removedEntries: 0, unlinkedBytes: 7, failures: [] })),
        clock: this.clock,
        wallClockMs: () => Date.UTC(2026, 0, 1) + this.clock.now(),
        onRun: (run) => void this.runs.push(run),
        measure: (metric) => void this.metrics.add(metric),
      }),
    );
    this.runtime.settle();
  }

  holds(...images: readonly (readonly [string, number])[]): this {
    this.images = images.map(([name, bytes]) => ({ name, bytes }));
    return this;
  }

  uses(bytes: number): this {
    this.usedBytes = bytes;
    return this;
  }

  settle(): this {
    this.runtime.settle();
    return this;
  }

  wait(ms: number): this {
    this.clock.advance(ms);
    return this.settle();
  }

  /** Trigger, result and reason of every run so far. */
  get told(): string[] {
    return this.runs.map(({ trigger, result, reason }) => `${trigger} ${result} ${reason}`);
  }

  counted(): Readonly<Record<string, number>> {
    const snapshot = this.metrics.snapshot();
    this.settle();
    return snapshot.get();
  }

  #prune(excluded: readonly string[], reclaim: Reclaim): Future<PruneReport> {
    this.prunes.push({ excluded, reclaim });
    if (this.failing.prune) return Future.failed(this.failing.prune);
    const pruned = (): PruneReport => {
      const images = [];
      let planned = 0;
      for (let next = this.images[0]; next && planned < reclaim.bytes; next = this.images[0]) {
        this.images.shift();
        planned += next.bytes;
        this.usedBytes -= next.bytes;
        images.push({ reference: next.name, digest: 'sha256:0' as const, uniqueBytes: next.bytes });
      }
      const layers = images.map(({ reference }) => ({ id: reference, sizeBytes: 1 }));
      return { ...emptyPruneReport(), removed: { images, layers }, bytes: { planned, unlinked: 0, measured: 0 } };
    };
    return this.gate ? this.gate.future.then(pruned) : Future.ready(pruned());
  }
}

describe('the image collector', () => {
  it('does nothing by itself unless it is configured, and by its defaults when asked', () => {
    const bench = new Bench().holds(['old', 100]).uses(990).wait(100 * minute);
    bench.collector.diskFull();
    bench.collector.pulled('new');
    bench.settle();
    expect(bench.runs).toEqual([]);

    bench.collector.collect();
    bench.settle();
    expect(bench.told).toEqual(['manual partial insufficient_freed']);
  });

  it('looks at every interval and tells also when there is nothing to do (T29)', () => {
    const bench = new Bench({ watchIntervalMs: minute }).holds(['old', 100]).uses(850);
    bench.wait(minute - 1);
    expect(bench.told).toEqual([]);
    bench.wait(2 * minute + 1);
    // Exactly at the mark is not over it, as in Mesos.
    expect(bench.told).toEqual(Array(3).fill('interval noop below_watermark'));
    expect(bench.prunes).toEqual([]);
    expect(bench.counted()).toMatchObject({ 'image_gc/attempts/interval/noop/below_watermark': 3 });
  });

  it('asks for what lies above the low watermark, of images older than the minimum age', () => {
    const bench = new Bench({ watchIntervalMs: minute, highWatermark: 0.8, lowWatermark: 0.6, excludedImages: ['base'] });
    bench.holds(['a', 100], ['b', 100], ['c', 100], ['d', 100]).uses(801).wait(minute);

    const [prune] = bench.prunes;
    expect(prune).toEqual({
      excluded: ['base'],
      reclaim: { bytes: 201, unusedSince: new Date(Date.UTC(2026, 0, 1) + minute - 120_000).toISOString() },
    });
    expect(bench.runs).toEqual([
      {
        trigger: 'interval',
        result: 'success',
        reason: 'high_watermark',
        images: ['a', 'b', 'c'],
        layers: 3,
        targetBytes: 201,
        freedBytes: { planned: 300, unlinked: 7, measured: 300 },
        disk: { usedBytes: 801, totalBytes: 1_000 },
        elapsedMs: 0,
        error: null,
      },
    ]);
    expect(bench.counted()).toMatchObject({ 'image_gc/freed_bytes/planned': 300, 'image_gc/target_bytes': 201 });
  });

  it('collects when the layers alone take more than they may, however empty the disk is (T30)', () => {
    const bench = new Bench({ watchIntervalMs: minute, maxStoreBytes: 200, highWatermark: 0.8, lowWatermark: 0.4 });
    bench.holds(['a', 100], ['b', 100], ['c', 100]).uses(300).wait(minute);
    expect(bench.told).toEqual(['interval success store_size']);
    expect(bench.images.map(({ name }) => name)).toEqual(['c']);
  });

  it('looks further and further apart where others fill the disk, until it helps again (T30)', () => {
    const bench = new Bench({ watchIntervalMs: minute, maxStoreBytes: 10_000 }).uses(990);
    for (let minutes = 0; minutes < 120; minutes += 1) {
      // Whatever is collected is pulled again at once.
      if (bench.images.length === 0) bench.holds(['again', 10]);
      bench.wait(minute);
    }
    expect(bench.runs.length).toBeLessThanOrEqual(8);
    bench.uses(0).wait(60 * minute);
    const runs = bench.runs.length;
    bench.wait(3 * minute);
    expect(bench.runs.length).toBeGreaterThanOrEqual(runs + 3);
  });

  it('looks after a pull, and runs only if that filled the disk', () => {
    const bench = new Bench({ watchIntervalMs: 60 * minute }).holds(['old', 100]).uses(500);
    bench.collector.pulled('new');
    bench.settle();
    expect(bench.runs).toEqual([]);
    bench.uses(860);
    bench.collector.pulled('newer');
    bench.settle();
    expect(bench.told).toEqual(['watermark success high_watermark']);
  });

  it('frees room when a pull found none, even below the mark, and not for each of thirty such pulls', () => {
    const bench = new Bench({}).holds(['a', 30], ['b', 30], ['c', 30], ['d', 30]).uses(700);
    for (let pull = 0; pull < 30; pull += 1) bench.collector.diskFull();
    bench.settle();
    expect(bench.told).toEqual(['disk-full success disk_full']);
    expect(bench.runs[0]?.images).toEqual(['a', 'b']);
  });

  it('tells every pull that found no room whether some was made', () => {
    const bench = new Bench({}).holds(['a', 30], ['b', 30]).uses(700);
    const full = [bench.collector.diskFull(), bench.collector.diskFull()];
    bench.settle();
    expect(full.map((each) => each.get())).toEqual([true, true]);
    // A moment later nothing is collected again, and nothing is left to collect later.
    const tooSoon = bench.collector.diskFull();
    bench.wait(minute);
    const inVain = bench.collector.diskFull();
    bench.settle();
    expect([tooSoon.get(), inVain.get()]).toEqual([false, false]);

    const off = new Bench().holds(['a', 30]).collector.diskFull();
    bench.settle();
    expect(off.isReady() && off.get()).toBe(false);
  });

  it('is joined by who asks while it runs', () => {
    const bench = new Bench({ watchIntervalMs: minute }).holds(['old', 100]).uses(900);
    bench.gate = new Deferred<void>();
    const first = bench.collector.collect();
    bench.settle();
    const second = bench.collector.collect();
    bench.collector.diskFull();
    bench.wait(10 * minute);
    expect([first.isPending(), second.isPending()]).toEqual([true, true]);
    second.discard();
    bench.gate.set(undefined);
    bench.settle();
    expect(first.get()).toBe(second.get());
    expect(bench.told).toEqual(['manual success high_watermark']);
    bench.wait(minute);
    expect(bench.told).toHaveLength(2);
  });

  it('tells a disk that cannot be measured, one without bytes, and a prune that is refused, and goes on', () => {
    const bench = new Bench({ watchIntervalMs: minute }).holds(['old', 300]).uses(900);
    bench.failing = { space: Object.assign(new Error('no statfs'), { code: 'EIO' }) };
    bench.wait(minute);
    bench.failing = {};
    bench.totalBytes = 0;
    bench.wait(minute);
    bench.totalBytes = 1_000;
    bench.failing = { prune: Object.assign(new Error('still recovering'), { code: 'RECOVERING' }) };
    bench.wait(minute);
    bench.failing = {};
    bench.wait(minute);
    expect(bench.told).toEqual([
      'interval error stats_error',
      'interval error invalid_capacity',
      'interval error prune_failed',
      'interval success high_watermark',
    ]);
    expect(bench.runs[0]?.error).toEqual({ code: 'EIO', message: 'no statfs' });
    expect(bench.runs[2]).toMatchObject({ error: { code: 'RECOVERING' }, targetBytes: 100, disk: { usedBytes: 900 } });
  });

  it('does not count as used what is being swept', () => {
    const bench = new Bench({ watchIntervalMs: minute }).holds(['old', 300]).uses(900);
    bench.sweeping = new Deferred<void>();
    bench.wait(minute);
    expect(bench.runs).toEqual([]);
    bench.uses(500).sweeping?.set(undefined);
    bench.settle();
    expect(bench.told).toEqual(['interval noop below_watermark']);
  });

  it('tells that nothing may go', () => {
    const bench = new Bench({ watchIntervalMs: minute }).uses(900).wait(minute);
    expect(bench.told).toEqual(['interval noop nothing_reclaimable']);
  });

  it('counts what a person pruned, and what had to be pulled again after a collection', () => {
    const bench = new Bench({ watchIntervalMs: minute }).holds(['old', 300]).uses(900).wait(minute);
    bench.collector.pulled('old');
    bench.collector.pulled('old');
    bench.collector.pruned({ ...emptyPruneReport(), removed: { images: [], layers: [{ id: 'l', sizeBytes: 1 }] } }, 5);
    bench.collector.pruned(emptyPruneReport(), 5);
    bench.settle();
    expect(bench.told.slice(1)).toEqual(['manual success all_unused', 'manual noop nothing_reclaimable']);
    expect(bench.counted()).toMatchObject({ 'image_gc/repulls': 1, 'image_gc/attempts/manual/success/all_unused': 1 });
  });

  it('tells how long each part of a run took', () => {
    const bench = new Bench({ minAgeMs: 0, highWatermark: 0.9, lowWatermark: 0.5 }).holds(['old', 600]).uses(950);
    const swept = (bench.sweeping = new Deferred<void>());
    const pruned = (bench.gate = new Deferred<void>());
    bench.collector.collect();
    bench.settle().wait(5);
    bench.sweeping = new Deferred<void>();
    swept.set(undefined);
    bench.settle().wait(20);
    pruned.set(undefined);
    bench.settle().wait(300);
    bench.sweeping.set(undefined);
    bench.settle();

    expect(bench.runs.map(({ result, elapsedMs }) => [result, elapsedMs])).toEqual([['success', 325]]);
    const phases = ['plan', 'detach', 'sweep'].map((phase) => bench.counted()[`image_gc/duration_ms/${phase}`]);
    expect(phases).toEqual([5, 20, 300]);
  });
});
