import { Counter, Metrics, PullGauge, PushGauge, Statistics, Timer, TimeSeries } from '@keelson/process';
import { Future, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

describe('time series', () => {
  it('thins its older half out evenly when it is full', () => {
    const clock = new VirtualClock();
    const series = new TimeSeries({ capacity: 10, clock });
    const survivors: number[][] = [];
    for (let n = 0; n < 20; n += 1) {
      series.set(n);
      survivors.push(series.get().map(({ value }) => value));
      clock.advance(1);
    }
    expect(survivors[10]).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(survivors[15]).toEqual([0, 4, 6, 8, 10, 11, 12, 13, 14, 15]);
    expect(survivors[19]).toEqual([0, 4, 8, 11, 13, 15, 16, 17, 18, 19]);
  });

  it('drops what is older than its window, but never its last word', () => {
    const clock = new VirtualClock();
    const series = new TimeSeries({ windowMs: 10, clock });
    series.set(1);
    clock.advance(10);
    series.set(2);
    expect(series.get().map(({ value }) => value)).toEqual([2]);
    clock.advance(100);
    expect(series.latest()?.value).toBe(2);
  });
});

describe('statistics', () => {
  it('interpolate percentiles', () => {
    const values = Array.from({ length: 11 }, (_, n) => n - 5);
    expect(Statistics.from(values)).toMatchObject({ count: 11, min: -5, max: 5, p25: -2.5, p50: 0, p90: 4, p95: 4.5 });
    expect(Statistics.from([1])).toBeUndefined();
  });
});

describe('metrics', () => {
  it('answer a snapshot sorted by name, without what failed or is abandoned', () => {
    const { runtime } = virtualRuntime();
    const metrics = new Metrics({ runtime });
    const pulls = new Counter('pulls');
    const gauge = new PushGauge('gauge');
    pulls.increment(42);
    gauge.set(3);
    for (const metric of [pulls, gauge]) metrics.add(metric);
    metrics.add(new PullGauge('failed', () => Future.failed(new Error('no'))));
    metrics.add(new PullGauge('dead', () => Future.never()));
    metrics.add(new PullGauge('asked', () => 7));
    expect(Object.entries(metrics.snapshot().get())).toEqual([
      ['asked', 7],
      ['gauge', 3],
      ['pulls', 42],
    ]);
    expect(metrics.add(new Counter('pulls')).failure().message).toBe("Metric 'pulls' was already added");
    metrics.remove(pulls);
    expect(metrics.snapshot().get()['pulls']).toBeUndefined();
    expect(metrics.remove(pulls).failure().message).toBe("Metric 'pulls' not found");
  });

  it('wait for a hanging gauge no longer than they were told', () => {
    const { runtime, clock } = virtualRuntime();
    const metrics = new Metrics({ runtime });
    metrics.add(new PushGauge('known'));
    metrics.add(new PullGauge('hanging', () => Future.ready(1).then(() => new globalThis.Promise<number>(() => {}))));
    const snapshot = metrics.snapshot(2_000);
    clock.advance(1_999);
    expect(snapshot.isPending()).toBe(true);
    clock.advance(1);
    expect(snapshot.get()).toEqual({ known: 0 });
  });

  it('tell the statistics of a history', () => {
    const counter = new Counter('c', { windowMs: 1_000, clock: new VirtualClock() });
    expect(counter.history?.latest()?.value).toBe(0);
    expect(counter.statistics()).toBeUndefined();
  });

  it('measure how long things take, in the unit that ends the name', () => {
    const clock = new VirtualClock();
    const timer = new Timer('pull', { unit: 'us', clock });
    expect([timer.name, timer.value().failure().message]).toEqual(['pull_us', 'pull_us: No value']);
    expect(timer.stop()).toBeUndefined();
    timer.start();
    clock.advance(2);
    expect([timer.stop(), timer.value().get()]).toEqual([2_000, 2_000]);
    timer.time(Future.ready(1));
    expect(timer.value().get()).toBe(0);
  });
});
