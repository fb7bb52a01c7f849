import { collect, Deferred, Future, Latch, Mutex, Once, ReadWriteLock, select } from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { inHandler } from './in-handler.js';
import { pending, virtualRuntime } from './virtual-runtime.js';

describe('futures: what no upstream test pins', () => {
  it.each([
    ['ready', (p: Deferred<number>) => void p.set(1), ['ready 1', 'ready 2', 'any 1', 'any 2']],
    ['failed', (p: Deferred<number>) => void p.fail(new Error('x')), ['failed 1', 'failed 2', 'any 1', 'any 2']],
    ['discarded', (p: Deferred<number>) => void p.discard(), ['discarded 1', 'discarded 2', 'any 1', 'any 2']],
  ])('U01 callbacks of the %s state all run before any onAny, each list in its own order', (_, finish, order) => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    for (const n of [1, 2]) {
      future
        .onAny(() => log.push(`any ${n}`))
        .onReady(() => log.push(`ready ${n}`))
        .onFailed(() => log.push(`failed ${n}`))
        .onDiscarded(() => log.push(`discarded ${n}`));
    }
    finish(promise);
    expect(log).toEqual(order);
  });

  it('U01 then stands among the onAny callbacks', () => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    future.then(() => log.push('then'));
    future.onAny(() => log.push('any'));
    future.onReady(() => log.push('ready'));
    promise.set(1);
    expect(log).toEqual(['ready', 'then', 'any']);
  });

  it('U01 an associated future runs its own callbacks before a then registered earlier on the source', () => {
    const log: string[] = [];
    const source = pending<number>();
    const alias = pending<number>();
    source.future.then(() => log.push('then on the source'));
    alias.promise.associate(source.future);
    alias.future.onAny(() => log.push('any on the alias'));
    source.promise.set(1);
    expect(log).toEqual(['any on the alias', 'then on the source']);
  });

  it('U02 callbacks run on the stack of whoever completes the future, before set returns', () => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    future.onReady(() => log.push('callback')).then(() => log.push('continuation'));
    promise.set(1);
    log.push('set returned');
    expect(log).toEqual(['callback', 'continuation', 'set returned']);
  });

  it('U02 a callback registered from inside a callback runs at once', () => {
    const log: string[] = [];
    const { promise, future } = pending<number>();
    future.onReady(() => {
      future.onReady(() => log.push('inner'));
      log.push('outer');
    });
    promise.set(1);
    expect(log).toEqual(['inner', 'outer']);
  });

  it('U03 onDiscard runs at once where a discard was requested, even after completion', () => {
    const asked = pending<number>();
    asked.future.discard();
    asked.promise.set(1);
    const late = vi.fn();
    asked.future.onDiscard(late);
    expect(late).toHaveBeenCalledTimes(1);

    const unasked = pending<number>();
    unasked.promise.set(1);
    unasked.future.onDiscard(late);
    unasked.future.discard();
    expect(late).toHaveBeenCalledTimes(1);
  });

  it('U03 onDiscard callbacks run once, in order, at the first request', () => {
    const log: number[] = [];
    const { future } = pending<number>();
    future.onDiscard(() => log.push(1)).onDiscard(() => log.push(2));
    expect([future.discard(), future.discard()]).toEqual([true, false]);
    expect(log).toEqual([1, 2]);
  });

  it('U05 a promise is associated once', () => {
    const { promise, future } = pending<number>();
    const first = pending<number>();
    const second = pending<number>();
    expect(promise.associate(first.future)).toBe(true);
    expect(promise.associate(second.future)).toBe(false);
    second.promise.set(2);
    expect(future.isPending()).toBe(true);
    first.promise.set(1);
    expect(future.get()).toBe(1);
  });

  it('U05 a completed promise is not associated at all', () => {
    const { promise } = pending<number>();
    promise.set(1);
    expect(promise.associate(Future.ready(2))).toBe(false);
  });

  it('U06 collect that fails leaves its other inputs alone', () => {
    const { runtime } = virtualRuntime();
    const other = pending<number>();
    const failed = pending<number>();
    const all = inHandler(runtime, () => collect([other.future, failed.future]));
    failed.promise.fail(new Error('boom'));
    runtime.settle();
    expect(all.isFailed()).toBe(true);
    expect([other.future.isPending(), other.future.hasDiscard()]).toEqual([true, false]);
  });

  it('U07 select of nothing is abandoned', () => {
    const { runtime } = virtualRuntime();
    const none = inHandler(runtime, () => select([]));
    expect([none.isPending(), none.isAbandoned()]).toEqual([true, true]);
  });

  it('U07 select of inputs that all ended badly is abandoned, and not before the last', () => {
    const { runtime } = virtualRuntime();
    const failed = pending<number>();
    const discarded = pending<number>();
    const none = inHandler(runtime, () => select([failed.future, discarded.future]));
    failed.promise.fail(new Error('x'));
    runtime.settle();
    expect(none.isAbandoned()).toBe(false);
    discarded.promise.discard();
    runtime.settle();
    expect(none.isAbandoned()).toBe(true);
  });

  it('U19 recover after an abandonment runs once, also when the source completes later', () => {
    const { promise, future } = pending<number>();
    const recovering = vi.fn(() => 7);
    const recovered = future.recover(recovering);
    promise.abandon();
    promise.fail(new Error('late'));
    expect(recovered.get()).toBe(7);
    expect(recovering).toHaveBeenCalledTimes(1);
  });
});

describe('locks: what no upstream test pins', () => {
  it('U04 a queued mutex waiter that is discarded leaves the queue', () => {
    const mutex = new Mutex();
    const first = mutex.lock();
    const second = mutex.lock();
    const third = mutex.lock();
    second.discard();
    expect(second.isDiscarded()).toBe(true);
    first.get().release();
    expect(third.isReady()).toBe(true);
  });

  it('U04 a queued writer that is discarded lets the readers behind it in', () => {
    const lock = new ReadWriteLock();
    const reader = lock.readLock();
    const writer = lock.writeLock();
    const behind = lock.readLock();
    expect(behind.isPending()).toBe(true);
    writer.discard();
    expect(writer.isDiscarded()).toBe(true);
    expect(behind.isReady()).toBe(true);
    reader.get().release();
    behind.get().release();
    expect(lock.writeLock().isReady()).toBe(true);
  });

  it('U04 a then on a queued lock that was discarded never holds the lock', () => {
    const mutex = new Mutex();
    const held = mutex.lock();
    const chain = mutex.lock().then((lease) => lease);
    chain.discard();
    held.get().release();
    expect(chain.isDiscarded()).toBe(true);
    expect(mutex.lock().isReady()).toBe(true);
  });
});

describe('once: what no upstream test pins', () => {
  it('U20 runs for whoever comes first; the others share its outcome, and cannot discard it', () => {
    const once = new Once<number>();
    const work = new Deferred<number>();
    const doing = vi.fn(() => work.future);
    const first = once.run(doing);
    const second = once.run(doing);
    second.discard();
    expect(work.future.hasDiscard()).toBe(false);
    work.set(7);
    expect([first.get(), once.run(doing).get()]).toEqual([7, 7]);
    expect(doing).toHaveBeenCalledOnce();
  });
});

describe('latch: what no upstream test pins', () => {
  it('U21 trigger is true the first time only, and completes whoever waits', () => {
    const latch = new Latch();
    const before = latch.wait();
    expect(before.isPending()).toBe(true);
    expect([latch.trigger(), latch.trigger()]).toEqual([true, false]);
    expect([before.isReady(), latch.wait().isReady()]).toEqual([true, true]);
  });
});
