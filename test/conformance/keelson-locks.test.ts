import {
  Deferred,
  DisposedError,
  type Lease,
  Mutex,
  RateLimiter,
  ReadWriteLock,
  readWriteLockMachine,
  Sequence,
} from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { createActor } from 'xstate';
import { pending, virtualRuntime } from './virtual-runtime.js';

describe('leases', () => {
  it('KS50 release once; a second release throws and changes nothing', () => {
    const lock = new ReadWriteLock();
    const lease = lock.writeLock().get();
    lease.release();
    const other = lock.writeLock();
    expect(() => lease.release()).toThrow();
    expect(other.isReady()).toBe(true);
    expect(lock.readLock().isPending()).toBe(true);

    const mutex = new Mutex();
    const held = mutex.lock().get();
    held.release();
    expect(() => held.release()).toThrow();
  });

  it('KS50 are disposable', () => {
    const lock = new ReadWriteLock();
    const lease: Lease = lock.readLock().get();
    const writer = lock.writeLock();
    lease[Symbol.dispose]();
    expect(writer.isReady()).toBe(true);
  });

  it('KS51 a reader that releases inside its own grant does not starve the rest of its group', () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const log: string[] = [];
    lock.readLock().onReady((lease) => {
      log.push('first');
      lease.release();
    });
    lock.readLock().onReady(() => log.push('second'));
    lock.writeLock().onReady(() => log.push('writer'));
    writer.get().release();
    expect(log).toEqual(['first', 'second']);
  });

  it('KS51 a reader of a group that is discarded inside the grant of another does not cost the lock anything', () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const first = lock.readLock();
    const second = lock.readLock();
    first.onReady(() => void second.discard());
    writer.get().release();
    first.get().release();
    if (second.isReady()) second.get().release();
    const next = lock.writeLock();
    expect(next.isReady()).toBe(true);
    const reader = lock.readLock();
    const another = lock.writeLock();
    next.get().release();
    expect([reader.isReady(), another.isReady()]).toEqual([true, false]);
    reader.get().release();
    expect(another.isReady()).toBe(true);
  });

  it('KS51 a request made inside a grant is answered on return', () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const seen: boolean[] = [];
    lock.readLock().onReady(() => seen.push(lock.readLock().isReady()));
    writer.get().release();
    expect(seen).toEqual([true]);
  });
});

describe.each([
  ['withRead', (lock: ReadWriteLock) => lock.withRead.bind(lock)],
  ['withWrite', (lock: ReadWriteLock) => lock.withWrite.bind(lock)],
] as const)('%s', (name, method) => {
  const free = (lock: ReadWriteLock) => {
    const lease = lock.writeLock();
    if (lease.isReady()) lease.get().release();
    else lease.discard();
    return lease.isReady();
  };

  it.each([
    ['ready', (p: Deferred<number>) => void p.set(1)],
    ['failed', (p: Deferred<number>) => void p.fail(new Error('x'))],
    ['discarded', (p: Deferred<number>) => void p.discard()],
    ['abandoned', (p: Deferred<number>) => p.abandon()],
  ])(`KS52 ${name} holds until its work is %s, and then releases`, (_, finish) => {
    const lock = new ReadWriteLock();
    const work = pending<number>();
    const result = method(lock)(() => work.future);
    expect(free(lock)).toBe(false);
    finish(work.promise);
    expect(free(lock)).toBe(true);
    expect(result.toString()).toBe(work.future.toString());
  });

  it(`KS52 ${name} holds while its work goes on, though the caller lost interest`, () => {
    const lock = new ReadWriteLock();
    const work = pending<number>();
    const result = method(lock)(() => work.future);
    result.discard();
    expect(work.future.hasDiscard()).toBe(true);
    expect(free(lock)).toBe(false);
    work.promise.set(1);
    expect(free(lock)).toBe(true);
  });

  it(`KS52 ${name} releases when its work throws, and when it answers a plain value`, () => {
    const lock = new ReadWriteLock();
    const boom = new Error('boom');
    const thrown = method(lock)(() => {
      throw boom;
    });
    expect(thrown.failure()).toBe(boom);
    expect(free(lock)).toBe(true);
    expect(method(lock)(() => 42).get()).toBe(42);
    expect(free(lock)).toBe(true);
  });

  it(`KS52 ${name} that is discarded while it waits never runs, and never holds the lock`, () => {
    const lock = new ReadWriteLock();
    const writer = lock.writeLock();
    const work = vi.fn(() => 1);
    const result = method(lock)(work);
    result.discard();
    writer.get().release();
    expect(work).not.toHaveBeenCalled();
    expect(result.isDiscarded()).toBe(true);
    expect(free(lock)).toBe(true);
  });
});

describe('dispose', () => {
  it('KS53 of a read-write lock fails its waiters and later users with DisposedError', () => {
    const lock = new ReadWriteLock();
    const held = lock.writeLock();
    const waiters = [lock.readLock(), lock.writeLock()];
    lock.dispose();
    for (const waiter of waiters) expect(waiter.failure()).toBeInstanceOf(DisposedError);
    for (const late of [lock.readLock(), lock.writeLock(), lock.withRead(() => 1), lock.withWrite(() => 1)]) {
      expect(late.failure()).toBeInstanceOf(DisposedError);
    }
    expect(() => held.get().release()).not.toThrow();
    expect(() => lock.dispose()).not.toThrow();
  });

  it('KS53 of a mutex does the same', () => {
    const mutex = new Mutex();
    mutex.lock();
    const waiter = mutex.lock();
    mutex.dispose();
    expect(waiter.failure()).toBeInstanceOf(DisposedError);
    expect(mutex.lock().failure()).toBeInstanceOf(DisposedError);
  });

  it('KS53 of a sequence and of a limiter leaves nobody waiting for ever', () => {
    const { runtime } = virtualRuntime();
    const sequence = new Sequence();
    const limiter = new RateLimiter(1, 1000, { runtime });
    const gate = new Deferred<number>();
    sequence.add(() => gate.future);
    limiter.acquire();
    const waiting = [sequence.add(() => 1), limiter.acquire()];
    runtime.settle();
    sequence.dispose();
    limiter.dispose();
    gate.set(1);
    runtime.settle();
    expect(waiting.map((future) => future.isPending())).toEqual([false, false]);
    const late = [sequence.add(() => 1), limiter.acquire()];
    runtime.settle();
    expect(late.map((future) => future.isPending() || future.isReady())).toEqual([false, false]);
  });
});

describe('mutex.with', () => {
  it('KS54 runs one after the other and answers the value of its work', () => {
    const mutex = new Mutex();
    const first = pending<number>();
    const log: string[] = [];
    const one = mutex.with(() => first.future);
    const two = mutex.with(() => (log.push('second'), 2));
    expect(log).toEqual([]);
    first.promise.set(1);
    expect([one.get(), two.get(), log]).toEqual([1, 2, ['second']]);
  });
});

describe('the machine of the read-write lock', () => {
  it('KS56 is an xstate machine that starts unlocked', () => {
    const actor = createActor(readWriteLockMachine).start();
    expect(actor.getSnapshot().value).toBe('unlocked');
    actor.stop();
  });
});
