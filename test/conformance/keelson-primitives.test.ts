import {
  AbandonedError,
  Break,
  Continue,
  Deferred,
  DisposedError,
  Future,
  loop,
  Mutex,
  Process,
  Queue,
  RateLimiter,
  ReadWriteLock,
  Runtime,
  Sequence,
  VirtualClock,
} from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { pending, virtualRuntime } from './virtual-runtime.js';

describe('without a runtime', () => {
  it('KS55 lock, mutex, queue and sequence work, synchronously', () => {
    expect(new ReadWriteLock().withWrite(() => 1).get()).toBe(1);
    expect(new Mutex().with(() => 2).get()).toBe(2);
    const queue = new Queue<number>();
    queue.put(3);
    expect(queue.get().get()).toBe(3);
  });

  it('KS55 a sequence and a limiter do as well, in real time', async () => {
    expect(await new Sequence().add(() => 4)).toBe(4);
    const limiter = new RateLimiter(1000, 1000);
    await limiter.acquire();
    await limiter.acquire();
    limiter.dispose();
  });
});

describe('sequence', () => {
  it('KS57 goes on after one that failed, was discarded, was abandoned or threw', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const discarded = pending<number>();
    const abandoned = pending<number>();
    const answers = [
      sequence.add(() => Future.failed<number>(new Error('x'))),
      sequence.add(() => discarded.future),
      sequence.add(() => abandoned.future),
      sequence.add((): number => {
        throw new Error('thrown');
      }),
      sequence.add(() => 5),
    ];
    runtime.settle();
    discarded.promise.discard();
    abandoned.promise.abandon();
    runtime.settle();
    expect(answers.map((answer) => answer.toString().split(':')[0])).toEqual([
      'Failed',
      'Discarded',
      'Abandoned',
      'Failed',
      'Ready',
    ]);
  });
});

describe('loop', () => {
  it('KS58 fails with what its iterate or body throws or fails with', () => {
    const boom = new Error('boom');
    const thrower = (): number => {
      throw boom;
    };
    expect(loop(undefined, thrower, () => Continue).failure()).toBe(boom);
    expect(loop(undefined, () => 1, () => Future.failed<typeof Continue>(boom)).failure()).toBe(boom);
  });

  it('KS58 is abandoned with its step, and when its process ends', () => {
    const { runtime } = virtualRuntime();
    const step = pending<number>();
    const stuck = loop(undefined, () => step.future, () => Continue);
    step.promise.abandon();
    expect(stuck.isAbandoned()).toBe(true);

    class Host extends Process<Host> {}
    const pid = runtime.spawn(new Host('host'));
    const waiting = pending<number>();
    const hosted = loop(pid, () => waiting.future, () => Continue);
    runtime.settle();
    runtime.terminate(pid);
    runtime.settle();
    waiting.promise.set(1);
    runtime.settle();
    expect(hosted.isAbandoned()).toBe(true);
  });

  it('KS58 turns a million times without growing the stack', () => {
    let turns = 0;
    const { runtime } = virtualRuntime();
    class Host extends Process<Host> {}
    const pid = runtime.spawn(new Host('host'));
    const done = loop(
      pid,
      () => Future.ready(1),
      () => (++turns < 1_000_000 ? Continue : Break(turns)),
    );
    runtime.settle();
    expect(done.get()).toBe(1_000_000);
  });
});

describe('crowds', () => {
  const crowd = 100_000;

  it('KS59 a hundred thousand waiters of a mutex that each release inside their grant', () => {
    const mutex = new Mutex();
    const held = mutex.lock().get();
    let served = 0;
    for (let n = 0; n < crowd; n += 1) {
      mutex.lock().onReady((lease) => {
        served += 1;
        lease.release();
      });
    }
    held.release();
    expect(served).toBe(crowd);
    expect(mutex.lock().isReady()).toBe(true);
  });

  it('KS59 a hundred thousand waiters of a read-write lock, four readers to a writer', () => {
    const lock = new ReadWriteLock();
    const held = lock.writeLock().get();
    let served = 0;
    for (let n = 0; n < crowd; n += 1) {
      const with_ = n % 5 === 0 ? lock.withWrite.bind(lock) : lock.withRead.bind(lock);
      with_(() => (served += 1));
    }
    held.release();
    expect(served).toBe(crowd);
    expect(lock.writeLock().isReady()).toBe(true);
  });

  it('KS59 a hundred thousand steps of a sequence and gets of a queue', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const gate = new Deferred<void>();
    let steps = 0;
    sequence.add(() => gate.future);
    for (let n = 0; n < crowd; n += 1) sequence.add(() => (steps += 1));
    gate.set();
    runtime.settle();
    expect(steps).toBe(crowd);

    const queue = new Queue<number>();
    let got = 0;
    const take = (): void => {
      queue.get().onReady(() => (got += 1));
    };
    for (let n = 0; n < crowd; n += 1) take();
    for (let n = 0; n < crowd; n += 1) queue.put(n);
    expect(got).toBe(crowd);
  });

  it('KS59 a hundred thousand waiters that are all discarded leave nothing behind', () => {
    const lock = new ReadWriteLock();
    const held = lock.writeLock().get();
    const waiters = Array.from({ length: crowd }, (_, n) => (n % 2 ? lock.readLock() : lock.writeLock()));
    for (let n = crowd - 1; n >= 0; n -= 1) waiters[n]?.discard();
    held.release();
    expect(waiters.every((waiter) => waiter.isDiscarded())).toBe(true);
    expect(lock.writeLock().isReady()).toBe(true);
  });
});

describe('errors', () => {
  it('KS63 are exported classes with their own names', () => {
    expect(new Runtime({ clock: new VirtualClock() })).toBeInstanceOf(Runtime);
    for (const type of [AbandonedError, DisposedError]) {
      const error = Object.create(type.prototype) as Error;
      expect(error).toBeInstanceOf(Error);
    }
  });
});
