import { Statistics, Timeout, TimeSeries, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';

/** A series whose clock stands where the latest value was set, one second for each. */
function seriesOf(count: number, options: { capacity?: number; windowMs?: number } = {}) {
  const clock = new VirtualClock();
  const series = new TimeSeries({ clock, ...options });
  for (let n = 0; n < count; n += 1) {
    series.set(n);
    clock.advance(1000);
  }
  return { clock, series };
}

const values = (series: TimeSeries) => series.get().map(({ value }) => value);

describe('time', () => {
  it('T01 moments are numbers of milliseconds: they add, subtract and compare', () => {
    const clock = new VirtualClock();
    const start = clock.now();
    clock.advance(1500.5);
    expect(clock.now() - start).toBe(1500.5);
  });

  it('T02 now has moved by at least the time that was waited for', () => {
    const clock = new VirtualClock();
    let fired = -1;
    clock.timer(10, () => (fired = clock.now()));
    clock.advance(25);
    expect(fired).toBe(10);
    expect(clock.now()).toBe(25);
  });

  it('T01 a timeout tells what remains, never less than nothing', () => {
    const clock = new VirtualClock();
    const timeout = Timeout.in(1000, { clock });
    expect([timeout.remaining(), timeout.expired()]).toEqual([1000, false]);
    clock.advance(400);
    expect(timeout.remaining()).toBe(600);
    clock.advance(10_000);
    expect([timeout.remaining(), timeout.expired()]).toEqual([0, true]);
    expect(Timeout.in(Infinity, { clock }).expired()).toBe(false);
    expect(Timeout.in(-5, { clock }).expired()).toBe(true);
  });
});

describe('time series', () => {
  it('T06 is empty, then tells its latest value', () => {
    const clock = new VirtualClock();
    const series = new TimeSeries({ clock });
    expect([series.get(), series.latest()]).toEqual([[], undefined]);
    series.set(1);
    expect(series.latest()).toEqual({ atMs: 0, value: 1 });
    series.set(2);
    expect(series.get()).toEqual([{ atMs: 0, value: 2 }]);
    clock.advance(1);
    series.set(3);
    expect(series.latest()).toEqual({ atMs: 1, value: 3 });
    expect(series.get(1, 1)).toEqual([{ atMs: 1, value: 3 }]);
  });

  /** Who survives in a series of ten once `n` was set: `2..10` stands for all from 2 to 10. */
  it.each([
    [9, '0..9'],
    [10, '0 2..10'],
    [11, '0 2 4..11'],
    [12, '0 2 4 6..12'],
    [13, '0 2 4 6 8 9..13'],
    [14, '0 2 4 6 8 10..14'],
    [15, '0 4 6 8 10..15'],
    [16, '0 4 8 10..16'],
    [17, '0 4 8 11..17'],
    [18, '0 4 8 11 13..18'],
    [19, '0 4 8 11 13 15..19'],
  ])('T07 thins out exactly as upstream: up to %i leaves %s', (last, survivors) => {
    const expected = survivors.split(' ').flatMap((range) => {
      const [from = 0, to = from] = range.split('..').map(Number);
      return Array.from({ length: to - from + 1 }, (_, n) => from + n);
    });
    expect(values(seriesOf(last + 1, { capacity: 10 }).series)).toEqual(expected);
  });

  it('T08 drops what is older than its window, but never the last word', () => {
    const { clock, series } = seriesOf(20, { windowMs: 10_000 });
    expect(values(series)[0]).toBe(10);
    clock.advance(60_000);
    expect(series.latest()?.value).toBe(19);
    series.set(20);
    expect(series.latest()?.value).toBe(20);
    clock.advance(1000);
    series.set(21);
    expect(values(series)).toEqual([20, 21]);
  });

  it('T08 truncation moves the place where it thins out', () => {
    const clock = new VirtualClock();
    const series = new TimeSeries({ clock, capacity: 10, windowMs: 10_000 });
    // Ten values a second apart, thinned once by an eleventh.
    for (let n = 0; n <= 10; n += 1) {
      series.set(n, n * 1000 + 1);
    }
    expect(values(series)).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    // Two of them have left the window when the next one comes: there is room again, nothing is thinned.
    clock.advance(13_000);
    series.set(13, 13_000);
    expect(values(series)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 13]);
    series.set(14, 13_001);
    series.set(15, 13_002);
    expect(values(series)).toEqual([3, 5, 6, 7, 8, 9, 10, 13, 14, 15]);
  });
});

describe('statistics', () => {
  it('T09 of nothing there are none', () => {
    expect(Statistics.from([])).toBeUndefined();
    expect(Statistics.from(new TimeSeries({ clock: new VirtualClock() }))).toBeUndefined();
  });

  it('T10 of one value there are none', () => {
    expect(Statistics.from([1])).toBeUndefined();
  });

  it('T11 of a time series from -5 to 5', () => {
    const clock = new VirtualClock();
    const series = new TimeSeries({ clock });
    for (let n = -5; n <= 5; n += 1) {
      series.set(n);
      clock.advance(1000);
    }
    const statistics = Statistics.from(series);
    expect(statistics).toMatchObject({ count: 11, min: -5, max: 5, p25: -2.5, p50: 0, p75: 2.5, p90: 4, p95: 4.5 });
    expect(statistics?.p99).toBeCloseTo(4.9, 10);
    expect(statistics?.p999).toBeCloseTo(4.99, 10);
    expect(statistics?.p9999).toBeCloseTo(4.999, 10);
  });

  it('T12 of durations from 0 to 100 seconds, in any order', () => {
    const seconds = Array.from({ length: 101 }, (_, n) => ((n * 37) % 101) * 1000);
    expect(Statistics.from(seconds)).toMatchObject({
      count: 101,
      min: 0,
      max: 100_000,
      p25: 25_000,
      p50: 50_000,
      p75: 75_000,
      p90: 90_000,
    });
  });
});
