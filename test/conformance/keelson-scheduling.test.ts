import { type Observer, Process, Runtime, type TraceRecord, VirtualClock } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { Worker } from './actors.js';
import { virtualRuntime } from './virtual-runtime.js';

describe('observers', () => {
  it('KS21 see events with an id and a cause, and are attached and detached while it runs', () => {
    const { runtime } = virtualRuntime();
    const pid = runtime.spawn(new Worker());
    pid.note('unseen');
    runtime.settle();
    const records: TraceRecord[] = [];
    const observer: Observer = { record: (trace) => records.push(trace) };
    runtime.attach(observer);
    pid.note('seen');
    runtime.settle();
    expect(records.length).toBeGreaterThan(0);
    runtime.detach(observer);
    const before = records.length;
    pid.note('unseen again');
    runtime.settle();
    expect(records.length).toBe(before);
  });

  it('KS21 one that throws harms nobody', () => {
    const { runtime } = virtualRuntime({
      observers: [
        {
          record: () => {
            throw new Error('bad observer');
          },
        },
      ],
    });
    const answer = runtime.spawn(new Worker()).note('x');
    runtime.settle();
    expect(answer.get()).toBe('x');
  });
});

describe('fairness', () => {
  it('KS22 a process that keeps asking itself starves neither I/O, nor timers, nor the others', async () => {
    class Spinner extends Process<Spinner> {
      turns = 0;
      stopped = false;
      spin(): void {
        this.turns += 1;
        if (!this.stopped) void this.self.spin();
      }
    }
    const runtime = new Runtime({});
    const spinner = new Spinner('spinner');
    void runtime.spawn(spinner).spin();
    const other = runtime.spawn(new Worker());
    expect(await other.note('served')).toBe('served');
    await new globalThis.Promise<void>((resolve) => setImmediate(resolve));
    // The host's own timer is what is tested: it fires at all, however late.
    await new globalThis.Promise<void>((resolve) => setTimeout(resolve, 1));
    expect(spinner.turns).toBeGreaterThan(0);
    spinner.stopped = true;
    await runtime.finalize();
  });

  it('KS22 two processes that flood each other take turns with a third', () => {
    class Flooder extends Process<Flooder> {
      count = 0;
      flood(): void {
        this.count += 1;
        if (this.count < 5_000) void this.self.flood();
      }
    }
    const { runtime } = virtualRuntime();
    const flooder = new Flooder('flooder');
    void runtime.spawn(flooder).flood();
    let countSeen = 0;
    runtime
      .spawn(new Worker())
      .note('x')
      .onReady(() => (countSeen = flooder.count));
    runtime.settle();
    expect(countSeen).toBeLessThan(5_000);
    expect(flooder.count).toBe(5_000);
  });
});

describe('dispatcher', () => {
  it('KS23 chooses among what is ready, and sees what each item is', () => {
    const kinds = new Set<string>();
    const log: string[] = [];
    class Named extends Process<Named> {
      say(text: string): void {
        log.push(text);
      }
    }
    const clock = new VirtualClock();
    const runtime = new Runtime({
      clock,
      dispatcher: {
        next(ready) {
          for (const item of ready) {
            kinds.add(item.kind);
            expect(typeof item.label).toBe('string');
          }
          return ready.length - 1;
        },
      },
    });
    const one = runtime.spawn(new Named('one'));
    const two = runtime.spawn(new Named('two'));
    runtime.settle();
    one.say('one first');
    one.say('one second');
    two.say('two');
    runtime.settle();
    expect(log).toEqual(['two', 'one first', 'one second']);
    expect([...kinds]).toContain('event');
  });

  it('KS23 keeps the order of one sender whatever it chooses', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      let random = seed;
      const clock = new VirtualClock();
      const runtime = new Runtime({
        clock,
        dispatcher: { next: (ready) => ((random = (Math.imul(random, 1103515245) + 12345) >>> 0) >>> 16) % ready.length },
      });
      const process = new Worker();
      const pid = runtime.spawn(process);
      const others = [runtime.spawn(new Worker()), runtime.spawn(new Worker())];
      for (let n = 0; n < 10; n += 1) {
        void pid.note(`${n}`);
        for (const other of others) void other.note(`${n}`);
      }
      runtime.settle();
      expect(process.log).toEqual(['initialize', ...Array.from({ length: 10 }, (_, n) => `${n}`)]);
    }
  });
});
