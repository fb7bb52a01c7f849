import { after, delay, Process, RealClock, Runtime, Timeout, VirtualClock } from '@keelson/process';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

class Ticker extends Process<Ticker> {
  ticks = 0;
  tick(): void {
    this.ticks += 1;
    delay(1, this.self, 'tick');
  }
  protected override initialize(): void {
    delay(1, this.self, 'tick');
  }
}

describe('virtual clock', () => {
  it('fires timers by deadline, and by age within one, never early', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.array(fc.nat(10)), (deadlines, steps) => {
        const clock = new VirtualClock();
        const fired: { at: number; n: number }[] = [];
        deadlines.forEach((at, n) => clock.timer(at, () => fired.push({ at: clock.now(), n })));
        for (const step of steps) clock.advance(step);
        const end = steps.reduce((sum, step) => sum + step, 0);

        const expected = deadlines.map((at, n) => ({ at, n })).filter(({ at }) => at <= end && steps.length > 0);
        expect(fired).toEqual(expected.toSorted((a, b) => a.at - b.at || a.n - b.n));
      }),
    );
  });

  it('steps through every deadline: a 1 ms ticker ticks a thousand times in a second', () => {
    const { runtime, clock } = virtualRuntime();
    const ticker = new Ticker();
    runtime.spawn(ticker);
    clock.advance(1_000);
    expect([ticker.ticks, clock.now()]).toEqual([1_000, 1_000]);
  });

  it('cancels truthfully: only the call that prevented the timer answers true', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    const [kept, dropped] = ['kept', 'dropped'].map((name) => clock.timer(5, () => fired.push(name)));
    expect([dropped!.cancel(), dropped!.cancel(), clock.cancel(undefined)]).toEqual([true, false, false]);
    clock.advance(5);
    expect([fired, kept!.cancel()]).toEqual([['kept'], false]);
  });

  it('keeps its order when most of many timers are cancelled', () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    const deadlines = Array.from({ length: 1000 }, (_, n) => (n * 7919) % 1000);
    const timers = deadlines.map((at) => clock.timer(at, () => fired.push(at)));
    timers.forEach((timer, n) => n % 10 === 0 || timer.cancel());
    clock.advance(1000);
    expect(fired.length).toBe(100);
    expect(fired).toEqual(fired.toSorted((a, b) => a - b));
  });

  it('never goes back, even when a timer moves it further than its mover wanted', () => {
    const clock = new VirtualClock();
    clock.timer(1, () => clock.advance(100));
    clock.advance(2);
    expect(clock.now()).toBe(101);
  });

  it('forgets what was advanced when it is resumed', () => {
    const clock = new RealClock();
    clock.pause();
    const paused = clock.now();
    clock.advance(1e9);
    expect(clock.now()).toBe(paused + 1e9);
    clock.resume();
    expect(clock.now()).toBeLessThan(paused + 1e9);
  });
});

describe('after', () => {
  it('is ready at its time, and discarded at once when asked', () => {
    const { runtime, clock } = virtualRuntime();
    const [waited, dropped] = [after(10, { runtime }), after(10, { runtime })];
    dropped.discard();
    clock.advance(9);
    expect([waited.isPending(), dropped.isDiscarded()]).toEqual([true, true]);
    clock.advance(1);
    expect(waited.isReady()).toBe(true);
  });

  it('waits in real time without a runtime', async () => {
    await after(1);
  });
});

describe('timeout', () => {
  it('tells what remains, never less than nothing', () => {
    const clock = new VirtualClock();
    const timeout = Timeout.in(10, { clock });
    clock.advance(4);
    expect([timeout.remaining(), timeout.expired()]).toEqual([6, false]);
    clock.advance(40);
    expect([timeout.remaining(), timeout.expired()]).toEqual([0, true]);
    expect(Timeout.in(-5, { clock }).expired()).toBe(true);
  });
});

describe('runtimes', () => {
  it('share nothing: neither time nor ids', () => {
    const [one, two] = [virtualRuntime(), virtualRuntime()];
    const pids = [one, two].map(({ runtime }) => runtime.spawn(new Ticker('ticker')));
    one.clock.advance(5);
    expect(pids.map(({ id }) => id)).toEqual(['ticker(1)', 'ticker(1)']);
    expect([one.clock.now(), two.clock.now()]).toEqual([5, 0]);
    expect(one.runtime.counters().events).toBeGreaterThan(two.runtime.counters().events);
  });

  it('refuse to settle with real time, or inside a handler', () => {
    expect(() => new Runtime().settle()).toThrow(expect.objectContaining({ code: 'NOT_SETTLEABLE' }));
    const { runtime } = virtualRuntime();
    let thrown: unknown;
    runtime.offer({
      kind: 'completion',
      label: 'nested',
      run: () => {
        try {
          runtime.settle();
        } catch (error) {
          thrown = error;
        }
      },
    });
    runtime.settle();
    expect(thrown).toMatchObject({ code: 'NOT_SETTLEABLE' });
  });
});
