import { delay, Process, VirtualClock } from '@keelson/process';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

describe('virtual clock', () => {
  it('KS60 starts at zero, and stands still', () => {
    expect(new VirtualClock().now()).toBe(0);
  });

  it('KS60 advance steps through every deadline: a one-millisecond ticker fires a thousand times', () => {
    const clock = new VirtualClock();
    const at: number[] = [];
    const tick = (): void => {
      at.push(clock.now());
      clock.timer(clock.now() + 1, tick);
    };
    clock.timer(1, tick);
    clock.advance(1000);
    expect(at).toEqual(Array.from({ length: 1000 }, (_, n) => n + 1));
    expect(clock.now()).toBe(1000);
  });

  it('KS60 so does a process that delays to itself, and what is due runs inside the call', () => {
    class Ticker extends Process<Ticker> {
      ticks = 0;
      protected override initialize(): void {
        delay(1, this.self, 'tick');
      }
      tick(): void {
        this.ticks += 1;
        delay(1, this.self, 'tick');
      }
    }
    const { runtime, clock } = virtualRuntime();
    const ticker = new Ticker('ticker');
    runtime.spawn(ticker);
    runtime.settle();
    clock.advance(1000);
    expect(ticker.ticks).toBe(1000);
  });

  it('KS60 timers of one deadline fire in the order they were made, and earlier deadlines first', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.timer(2, () => log.push('c'));
    clock.timer(1, () => log.push('a'));
    clock.timer(1, () => log.push('b'));
    clock.advance(2);
    expect(log).toEqual(['a', 'b', 'c']);
  });

  it('KS61 a timer that throws does not stop the others', () => {
    const clock = new VirtualClock();
    const log: string[] = [];
    clock.timer(1, () => {
      throw new Error('careless timer');
    });
    clock.timer(1, () => log.push('second'));
    clock.timer(2, () => log.push('third'));
    try {
      clock.advance(2);
    } catch {
      clock.advance(2);
    }
    expect(log).toEqual(['second', 'third']);
  });
});

describe('an idle runtime', () => {
  const run = (text: string) =>
    execFileSync(process.execPath, ['--input-type=module', '-e', text], {
      timeout: 20_000,
      encoding: 'utf8',
      cwd: new URL('../..', import.meta.url).pathname,
    });

  it('KS62 does not keep Node alive', () => {
    const out = run(`
      import { Runtime, Process } from '@keelson/process';
      class Idle extends Process { ping() { return 'pong'; } }
      const pid = new Runtime({}).spawn(new Idle('idle'));
      console.log(await pid.ping());
    `);
    expect(out.trim()).toBe('pong');
  });

  it('KS62 but its work does: what was asked is served before Node ends', () => {
    const out = run(`
      import { Runtime, Process } from '@keelson/process';
      class Busy extends Process { ping(n) { if (n === 3000) console.log('done'); else void this.self.ping(n + 1); } }
      void new Runtime({}).spawn(new Busy('busy')).ping(0);
    `);
    expect(out.trim()).toBe('done');
  });
});
