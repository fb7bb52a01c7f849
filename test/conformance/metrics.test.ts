import { Counter, defer, Deferred, Future, Metrics, Process, PullGauge, PushGauge, Timer, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Gauged extends Process<Gauged> {
  get(): number {
    return 42;
  }
  fail(): Future<number> {
    return Future.failed(new Error('failed'));
  }
}

describe('metrics', () => {
  it('K01 a counter counts, up and down, and starts over', () => {
    const counter = new Counter('test/counter');
    expect(counter.value().get()).toBe(0);
    expect(counter.increment()).toBe(1);
    counter.increment(42);
    expect(counter.count).toBe(43);
    counter.increment(-3);
    expect(counter.value().get()).toBe(40);
    counter.reset();
    expect(counter.value().get()).toBe(0);
    expect(counter.statistics()).toBeUndefined();
  });

  it('K02 a pull gauge asks a process, and fails when that fails', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Gauged('gauged'));
    const good = new PullGauge('test/gauge', defer(pid, 'get')).value();
    const bad = new PullGauge('test/failed', () => pid.fail()).value();
    runtime.settle();
    expect(good.get()).toBe(42);
    expect(bad.failure().message).toBe('failed');
  });

  it('K03 a push gauge is set, and added to', () => {
    const gauge = new PushGauge('test/gauge');
    expect(gauge.value().get()).toBe(0);
    gauge.add();
    gauge.add(42);
    expect(gauge.value().get()).toBe(43);
    gauge.add(-1);
    gauge.add(-42);
    expect(gauge.value().get()).toBe(0);
    gauge.set(7.5);
    expect([gauge.current, gauge.value().get()]).toEqual([7.5, 7.5]);
  });

  it('K04 a counter with a window has statistics, the first zero included', () => {
    const clock = new VirtualClock();
    const counter = new Counter('test/counter', { windowMs: 1_000_000, clock });
    for (let n = 1; n <= 10; n += 1) {
      clock.advance(1000);
      counter.increment();
    }
    expect(counter.statistics()).toMatchObject({ count: 11, min: 0, max: 10, p50: 5, p90: 9, p95: 9.5 });
    expect(counter.statistics()?.p99).toBeCloseTo(9.9, 10);
  });

  it('K05 a snapshot has the good metrics and not the failed; those that were removed are gone', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Gauged('gauged'));
    const metrics = new Metrics({ runtime });
    const gauge = new PullGauge('test/gauge', () => pid.get());
    const failing = new PullGauge('test/gauge_fail', () => pid.fail());
    const counter = new Counter('test/counter');
    const added = [gauge, failing, counter].map((metric) => metrics.add(metric));
    runtime.settle();
    expect(added.map((future) => future.isReady())).toEqual([true, true, true]);

    const first = metrics.snapshot();
    runtime.settle();
    expect(first.get()).toEqual({ 'test/counter': 0, 'test/gauge': 42 });

    for (const metric of [gauge, failing]) metrics.remove(metric);
    const second = metrics.snapshot();
    runtime.settle();
    expect(second.get()).toEqual({ 'test/counter': 0 });
  });

  it('K05 a name is added once, and removed only if it is there', () => {
    const metrics = new Metrics();
    const counter = new Counter('test/counter');
    metrics.add(counter);
    expect(metrics.add(new Counter('test/counter')).failure().message).toBe("Metric 'test/counter' was already added");
    metrics.remove(counter);
    expect(metrics.remove(counter).failure().message).toBe("Metric 'test/counter' not found");
  });

  it('K06 names are sorted in a snapshot', () => {
    const { runtime } = virtualRuntime();
    const metrics = new Metrics({ runtime });
    for (const name of ['b/b', 'c', 'a', 'b/a', 'b']) metrics.add(new Counter(name));
    const snapshot = metrics.snapshot();
    runtime.settle();
    expect(Object.keys(snapshot.get())).toEqual(['a', 'b', 'b/a', 'b/b', 'c']);
  });

  it('K07 a snapshot with a timeout leaves out what hangs, and waits no longer', () => {
    const { runtime, clock } = virtualRuntime();
    const metrics = new Metrics({ runtime });
    const hanging = new Deferred<number>();
    metrics.add(new Counter('test/counter'));
    metrics.add(new PullGauge('test/hanging', () => hanging.future));
    const snapshot = metrics.snapshot(2000);
    runtime.settle();
    clock.advance(1999);
    expect(snapshot.isPending()).toBe(true);
    clock.advance(1);
    runtime.settle();
    expect(snapshot.get()).toEqual({ 'test/counter': 0 });
  });

  it('K07 what is abandoned does not make a snapshot hang, even without a timeout', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Gauged('gauged'));
    runtime.terminate(pid);
    runtime.settle();
    const metrics = new Metrics({ runtime });
    metrics.add(new PullGauge('test/dead', () => pid.get()));
    const snapshot = metrics.snapshot();
    runtime.settle();
    expect(snapshot.get()).toEqual({});
  });

  it('K08 a snapshot adds the statistics of metrics with a history', () => {
    const { runtime, clock } = virtualRuntime();
    const metrics = new Metrics({ runtime });
    const counter = new Counter('test/counter', { windowMs: 1_000_000, clock });
    metrics.add(counter);
    for (let n = 1; n <= 10; n += 1) {
      clock.advance(1000);
      counter.increment();
    }
    const snapshot = metrics.snapshot();
    runtime.settle();
    expect(snapshot.get()).toMatchObject({
      'test/counter': 10,
      'test/counter/count': 11,
      'test/counter/min': 0,
      'test/counter/max': 10,
      'test/counter/p50': 5,
      'test/counter/p90': 9,
      'test/counter/p95': 9.5,
    });
    for (const told of ['p99', 'p999', 'p9999']) expect(snapshot.get()).toHaveProperty([`test/counter/${told}`]);
  });

  it('K09 a timer ends its name with its unit and tells the last duration', () => {
    const clock = new VirtualClock();
    const timer = new Timer('test/timer', { unit: 'ns', clock });
    expect(timer.name).toBe('test/timer_ns');
    expect(timer.value().failure().message).toMatch(/No value/);
    timer.stop();
    expect(timer.value().isFailed()).toBe(true);
    timer.start();
    clock.advance(0.001);
    timer.stop();
    expect(timer.value().get()).toBeCloseTo(1000, 3);
    expect(() => timer.stop()).not.toThrow();
    expect(timer.value().get()).toBeCloseTo(1000, 3);
  });

  it('K10 timing a future that is ready measures nothing, whatever the clock did before', () => {
    const clock = new VirtualClock();
    const timer = new Timer('test/timer', { clock });
    clock.advance(1000);
    const ready = Future.ready(1);
    expect(timer.time(ready)).toBe(ready);
    expect(timer.value().get()).toBe(0);
  });

  it('K10 timing a pending future measures until it is complete, and many at once', () => {
    const clock = new VirtualClock();
    const timer = new Timer('test/timer', { clock });
    const first = new Deferred<void>();
    const second = new Deferred<void>();
    timer.time(first.future);
    clock.advance(10);
    timer.time(second.future);
    clock.advance(5);
    second.fail(new Error('x'));
    expect(timer.value().get()).toBe(5);
    first.set();
    expect(timer.value().get()).toBe(15);
  });
});
