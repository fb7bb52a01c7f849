import { Break, Continue, CountDownLatch, Deferred, Future, Latch, loop, Once, Owned, Queue } from '@keelson/process';
import { RateLimiter, SerialExecutor, Sequence, StateMachine } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { virtualRuntime } from './virtual-runtime.js';

describe('loop', () => {
  it('goes round until its body breaks', () => {
    let n = 0;
    const sum = loop(undefined, () => (n += 1), (value) => (value < 10 ? Continue : Break(value)));
    expect(sum.get()).toBe(10);
  });

  it('asks the step it waits for when it is discarded, and every later one', () => {
    const steps = [new Deferred<number>(), new Deferred<number>()];
    let at = 0;
    const going = loop(undefined, () => steps[at++]!.future, () => Continue);
    going.discard();
    expect(steps.map(({ future }) => future.hasDiscard())).toEqual([true, false]);
    steps[0]!.set(1);
    expect(steps[1]!.future.hasDiscard()).toBe(true);
    steps[1]!.discard();
    expect(going.isDiscarded()).toBe(true);
  });

  it('lets others have their turn however many rounds are ready at once', () => {
    const { runtime } = virtualRuntime();
    const serial = new SerialExecutor(runtime);
    let stop = false;
    const going = serial.execute(() => loop(undefined, () => 1, () => (stop ? Break('stopped') : Continue)));
    const other = serial.execute(() => void (stop = true));
    runtime.settle();
    expect([going.get(), other.isReady()]).toEqual(['stopped', true]);
  });
});

describe('sequence', () => {
  it('begins the next piece when the one before is over in any way', () => {
    const sequence = new Sequence();
    const first = new Deferred<void>();
    const begun: number[] = [];
    const results = [
      sequence.add(() => first.future),
      sequence.add(() => {
        begun.push(1);
        throw new Error('mine');
      }),
      sequence.add(() => (begun.push(2), Future.never())),
      sequence.add(() => begun.push(3)),
    ];
    expect(begun).toEqual([]);
    first.discard();
    expect(begun).toEqual([1, 2, 3]);
    expect(results.map(String)).toEqual(['Discarded', 'Failed: mine', 'Abandoned', 'Ready']);
  });

  it('runs a hundred thousand pieces that are ready at once', () => {
    const sequence = new Sequence();
    const gate = new Deferred<void>();
    sequence.add(() => gate.future);
    const last = Array.from({ length: 100_000 }, (_, n) => sequence.add(() => n)).at(-1)!;
    gate.set();
    expect(last.get()).toBe(99_999);
  });

  it('discards what waits when it is disposed, and takes no more', () => {
    const sequence = new Sequence();
    const gate = new Deferred<void>();
    const [running, waiting] = [sequence.add(() => gate.future), sequence.add(() => 1)];
    sequence.dispose();
    gate.set();
    expect([running.isReady(), waiting.isDiscarded()]).toEqual([true, true]);
    expect(sequence.add(() => 1).failure()).toMatchObject({ code: 'DISPOSED' });
  });
});

describe('rate limiter', () => {
  it('paces without a burst, and passes over who gave up', () => {
    const { runtime, clock } = virtualRuntime();
    const limiter = new RateLimiter(2, 1_000, { runtime });
    clock.advance(10_000);
    const acquired = Array.from({ length: 4 }, () => limiter.acquire());
    const ready = (): string => acquired.map((future) => String(future)[0]).join('');
    expect(ready()).toBe('RPPP');
    acquired[1]!.discard();
    clock.advance(499);
    expect(ready()).toBe('RDPP');
    clock.advance(1);
    expect(ready()).toBe('RDRP');
    limiter.dispose();
    expect(ready()).toBe('RDRD');
    expect(() => new RateLimiter(0, 1)).toThrow(RangeError);
  });
});

describe('queue', () => {
  it('gives the oldest value to who waited longest', () => {
    const queue = new Queue<number>();
    const [first, gone, second] = [queue.get(), queue.get(), queue.get()];
    gone.discard();
    for (const n of [1, 2, 3]) queue.put(n);
    expect([first.get(), second.get(), queue.size, queue.get().get()]).toEqual([1, 2, 1, 3]);
  });
});

describe('latches, once, ownership and states', () => {
  it('trigger once', () => {
    const latch = new Latch();
    const waiting = latch.wait();
    expect([latch.trigger(), latch.trigger(), waiting.isReady()]).toEqual([true, false, true]);
    const down = new CountDownLatch(2);
    down.decrement();
    expect(down.triggered().isReady()).toBe(false);
    down.decrement();
    expect(down.triggered().isReady()).toBe(true);
  });

  it('runs work once and shares its outcome', () => {
    const once = new Once<number>();
    let runs = 0;
    const work = (): number => (runs += 1);
    expect([once.run(work).get(), once.run(work).get(), runs]).toEqual([1, 1, 1]);
  });

  it('hands a value over when the last other handle is gone', () => {
    const shared = new Owned('x').share()!;
    const other = shared.clone();
    const own = shared.own();
    expect([own.isPending(), other.own().isFailed()]).toEqual([true, true]);
    other.dispose();
    expect(own.get().release()).toBe('x');
  });

  it('moves between states, tells who waits, and refuses a wrong one', () => {
    const state = new StateMachine<'idle' | 'busy'>('idle');
    const busy = state.when('busy');
    expect(state.transition('idle', 'busy', () => 5)).toBe(5);
    expect([busy.isReady(), state.is('busy')]).toEqual([true, true]);
    expect(() => state.transition('idle', 'busy')).toThrow("the state is 'busy'");
  });
});
