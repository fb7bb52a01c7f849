import {
  AbandonedError,
  Deferred,
  DiscardedError,
  Future,
  Promise as PromiseByItsOtherName,
  Process,
  select,
} from '@keelson/process';
import { catchError, firstValueFrom, from, lastValueFrom, map, Observable, of, switchMap, throwError } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { pending, virtualRuntime } from './virtual-runtime.js';

const boom = new Error('boom');

describe('a future is an observable', () => {
  it('KS30 by instanceof, hot, with its one value replayed to those who come late', () => {
    const { promise, future } = pending<number>();
    expect(future).toBeInstanceOf(Observable);
    const log: unknown[] = [];
    const observer = (name: string) => ({
      next: (n: number) => log.push(`${name} ${n}`),
      complete: () => log.push(`${name} complete`),
    });
    future.subscribe(observer('early'));
    expect(log).toEqual([]);
    promise.set(1);
    future.subscribe(observer('late'));
    expect(log).toEqual(['early 1', 'early complete', 'late 1', 'late complete']);
  });

  it('KS30 failed is error(e), discarded is error(DiscardedError), abandoned is error(AbandonedError)', () => {
    const errors: unknown[] = [];
    const failed = Future.failed<number>(boom);
    const discarded = pending<number>();
    const abandoned = pending<number>();
    for (const future of [failed, discarded.future, abandoned.future, Future.never<number>()]) {
      future.subscribe({ error: (error) => errors.push(error) });
    }
    discarded.promise.discard();
    abandoned.promise.abandon();
    expect(errors).toHaveLength(4);
    expect(errors).toContain(boom);
    expect(errors.filter((error) => error instanceof DiscardedError)).toHaveLength(1);
    expect(errors.filter((error) => error instanceof AbandonedError)).toHaveLength(2);
  });

  it('KS30 goes through pipe, from, switchMap, firstValueFrom and lastValueFrom', async () => {
    const { promise, future } = pending<number>();
    const piped = lastValueFrom(future.pipe(map((n) => n + 1), switchMap((n) => Future.ready(n * 2))));
    const inner = firstValueFrom(of(1).pipe(switchMap(() => future)));
    const same = firstValueFrom(from(future));
    const caught = lastValueFrom(Future.failed<number>(boom).pipe(catchError(() => of(9))));
    promise.set(20);
    expect(await globalThis.Promise.all([piped, inner, same, caught])).toEqual([42, 20, 20, 9]);
  });

  it('KS31 unsubscribing is not discarding', () => {
    const { promise, future } = pending<number>();
    const next = vi.fn();
    const subscription = future.subscribe(next);
    subscription.unsubscribe();
    expect(subscription.closed).toBe(true);
    expect(future.hasDiscard()).toBe(false);
    promise.set(1);
    expect(next).not.toHaveBeenCalled();
    expect(future.isReady()).toBe(true);
  });

  it('KS31 one that unsubscribes leaves the others subscribed', () => {
    const { promise, future } = pending<number>();
    const log: string[] = [];
    const one = future.subscribe(() => log.push('one'));
    future.subscribe(() => log.push('two'));
    one.unsubscribe();
    promise.set(1);
    expect(log).toEqual(['two']);
  });

  it('KS32 a bare function subscribed to a future that fails raises no uncaught exception', async () => {
    const uncaught = vi.fn();
    process.on('uncaughtException', uncaught);
    process.on('unhandledRejection', uncaught);
    const { promise, future } = pending<number>();
    const next = vi.fn();
    future.subscribe(next);
    future.subscribe();
    promise.fail(boom);
    Future.failed(boom).subscribe(next);
    Future.failed(boom);
    await new globalThis.Promise<void>((resolve) => setImmediate(resolve));
    await new globalThis.Promise<void>((resolve) => setImmediate(resolve));
    process.off('uncaughtException', uncaught);
    process.off('unhandledRejection', uncaught);
    expect(next).not.toHaveBeenCalled();
    expect(uncaught).not.toHaveBeenCalled();
  });
});

describe('a future can be awaited', () => {
  it('KS33 ready, failed, discarded and abandoned', async () => {
    const discarded = pending<number>();
    const abandoned = pending<number>();
    setImmediate(() => discarded.promise.discard());
    setImmediate(() => abandoned.promise.abandon());
    expect(await Future.ready(1)).toBe(1);
    await expect(async () => await Future.failed(boom)).rejects.toBe(boom);
    await expect(async () => await discarded.future).rejects.toBeInstanceOf(DiscardedError);
    await expect(async () => await abandoned.future).rejects.toBeInstanceOf(AbandonedError);
    await expect(async () => await Future.never()).rejects.toBeInstanceOf(AbandonedError);
  });

  it('KS33 toPromise answers a native promise with the same outcomes', async () => {
    const promise = Future.ready(1).toPromise();
    expect(promise).toBeInstanceOf(globalThis.Promise);
    expect(await promise).toBe(1);
    await expect(Future.failed(boom).toPromise()).rejects.toBe(boom);
    await expect(Future.never().toPromise()).rejects.toBeInstanceOf(AbandonedError);
  });

  it('KS33 stands in Promise.all, race and allSettled', async () => {
    const all = await globalThis.Promise.all([Future.ready(1), Future.ready('a')]);
    expect(all).toEqual([1, 'a']);
    const outcomes = await globalThis.Promise.allSettled([Future.ready(1), Future.failed(boom)]);
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected']);
  });

  it('KS34 then with one argument is libprocess, answering a Future at once; with two it is PromiseLike', async () => {
    const one = Future.ready(1).then((n) => n + 1);
    expect(one).toBeInstanceOf(Future);
    expect(one.get()).toBe(2);
    const two = Future.failed<number>(boom).then(
      () => 'fulfilled',
      (error: unknown) => (error === boom ? 'rejected' : 'other'),
    );
    expect(await two).toBe('rejected');
    const passed = Future.ready(5).then(undefined, undefined);
    expect(await passed).toBe(5);
  });

  it('KS34 a native promise answered by a continuation is flattened', async () => {
    const flat: Future<number> = Future.ready(1).then((n) => globalThis.Promise.resolve(n + 1));
    expect(flat).toBeInstanceOf(Future);
    expect(await flat).toBe(2);
    const failing = Future.ready(1).then(() => globalThis.Promise.reject<number>(boom));
    await expect(async () => await failing).rejects.toBe(boom);
  });
});

describe('state', () => {
  it('KS35 exactly one of pending, ready, failed, discarded holds', () => {
    const ready = Future.ready(1);
    const failed = Future.failed(boom);
    const discarded = pending<number>();
    discarded.promise.discard();
    for (const future of [pending<number>().future, ready, failed, discarded.future, Future.never()]) {
      const flags = [future.isPending(), future.isReady(), future.isFailed(), future.isDiscarded()];
      expect(flags.filter(Boolean)).toHaveLength(1);
    }
  });

  it('KS35 get throws unless ready; failure throws unless failed', () => {
    expect(() => pending<number>().future.get()).toThrow();
    expect(() => Future.failed(boom).get()).toThrow();
    expect(() => Future.ready(1).failure()).toThrow();
    expect(() => pending<number>().future.failure()).toThrow();
    expect(Future.failed(boom).failure()).toBe(boom);
  });

  it('KS36 discard is a request: true the first time, and only while pending', () => {
    const { promise, future } = pending<number>();
    expect([future.discard(), future.discard()]).toEqual([true, false]);
    expect([future.hasDiscard(), future.isPending()]).toEqual([true, true]);
    expect(promise.set(1)).toBe(true);
    expect(future.get()).toBe(1);
    expect(Future.ready(1).discard()).toBe(false);
    expect(Future.ready(1).hasDiscard()).toBe(false);
  });

  it('KS36 the promise discards without a request, and without onDiscard', () => {
    const { promise, future } = pending<number>();
    const requested = vi.fn();
    future.onDiscard(requested);
    expect(promise.discard()).toBe(true);
    expect([future.isDiscarded(), future.hasDiscard()]).toEqual([true, false]);
    expect(requested).not.toHaveBeenCalled();
  });

  it('KS36 the first completion wins, and each answers whether it did', () => {
    const complete = (...calls: ((p: Deferred<number>) => boolean)[]) => {
      const { promise } = pending<number>();
      return calls.map((call) => call(promise));
    };
    const set = (p: Deferred<number>) => p.set(1);
    const fail = (p: Deferred<number>) => p.fail(boom);
    const discard = (p: Deferred<number>) => p.discard();
    for (const calls of [
      [set, fail, discard],
      [fail, discard, set],
      [discard, set, fail],
    ]) {
      expect(complete(...calls)).toEqual([true, false, false]);
    }
  });

  it('KS37 then is not called where a discard of its source was requested: the chain is discarded', () => {
    const { promise, future } = pending<number>();
    const f = vi.fn();
    const chain = future.then(f);
    future.discard();
    promise.set(1);
    expect(chain.isDiscarded()).toBe(true);
    expect(f).not.toHaveBeenCalled();
  });

  it('KS37 a throw in then, repair or recover fails the derived future with what was thrown', () => {
    const thrower = () => {
      throw boom;
    };
    expect(Future.ready(1).then(thrower).failure()).toBe(boom);
    expect(Future.failed<number>(new Error('x')).repair(thrower).failure()).toBe(boom);
    expect(Future.failed<number>(new Error('x')).recover(thrower).failure()).toBe(boom);
  });

  it('KS38 the on methods answer the same future', () => {
    const { future } = pending<number>();
    const f = () => undefined;
    expect([
      future.onReady(f),
      future.onFailed(f),
      future.onDiscarded(f),
      future.onAny(f),
      future.onDiscard(f),
      future.onAbandoned(f),
    ]).toEqual(Array.from({ length: 6 }, () => future));
  });

  it('KS38 undiscardable hands abandonment on, and so does associate', () => {
    const { promise, future } = pending<number>();
    const shielded = future.undiscardable();
    const outer = pending<number>();
    outer.promise.associate(future);
    promise.abandon();
    expect([shielded.isAbandoned(), outer.future.isAbandoned()]).toEqual([true, true]);
  });

  it('KS38 an abandoned future may still be completed by after', () => {
    const abandoned = vi.fn();
    const { promise, future } = pending<number>();
    future.onAbandoned(abandoned);
    promise.abandon();
    future.onAbandoned(abandoned);
    expect(abandoned).toHaveBeenCalledTimes(2);
  });
});

describe('making futures', () => {
  it('KS39 from a native promise, resolved or rejected', async () => {
    expect(await Future.from(globalThis.Promise.resolve(1))).toBe(1);
    await expect(async () => await Future.from(globalThis.Promise.reject(boom))).rejects.toBe(boom);
  });

  it('KS39 from an observable, with one value or an error', async () => {
    expect(await Future.from(of(1))).toBe(1);
    await expect(async () => await Future.from(throwError(() => boom))).rejects.toBe(boom);
  });

  it('KS40 Deferred is exported as Promise too', () => {
    expect(PromiseByItsOtherName).toBe(Deferred);
  });

  it('KS41 select wraps its answer, so that await gives the future and not its value', async () => {
    const first = Future.ready('x');
    const { future, index } = await select([pending<string>().future, first]);
    expect([future, index]).toEqual([first, 1]);
  });
});

describe('depth', () => {
  it('KS42 a million hops on a pending future complete on the default stack', () => {
    const { promise, future } = pending<number>();
    let end: Future<number> = future;
    for (let n = 0; n < 1_000_000; n += 1) end = end.then((m) => m + 1);
    promise.set(0);
    expect(end.get()).toBe(1_000_000);
  });

  it('KS42 so do failure, discard, abandonment and the discard request', () => {
    const deep = () => {
      const { promise, future } = pending<number>();
      let end: Future<number> = future;
      for (let n = 0; n < 200_000; n += 1) end = end.then((m) => m + 1);
      return { promise, future, end };
    };
    const failed = deep();
    failed.promise.fail(boom);
    expect(failed.end.failure()).toBe(boom);
    const discarded = deep();
    discarded.promise.discard();
    expect(discarded.end.isDiscarded()).toBe(true);
    const abandoned = deep();
    abandoned.promise.abandon();
    expect(abandoned.end.isAbandoned()).toBe(true);
    const requested = deep();
    requested.end.discard();
    expect(requested.future.hasDiscard()).toBe(true);
  });

  it('KS42 and chains through futures, associations, recover and undiscardable', () => {
    const { promise, future } = pending<number>();
    let end: Future<number> = future;
    for (let n = 0; n < 50_000; n += 1) {
      end = end.then((m) => Future.ready(m + 1)).recover(() => 0).undiscardable();
      const outer = new Deferred<number>();
      outer.associate(end);
      end = outer.future;
    }
    promise.set(0);
    expect(end.get()).toBe(50_000);
  });

  it('KS42 a loop of dispatches a million long does not grow the stack', () => {
    class Counter extends Process<Counter> {
      n = 0;
      step(): void {
        this.n += 1;
        if (this.n < 1_000_000) void this.self.step();
      }
    }
    const { runtime } = virtualRuntime();
    const counter = new Counter('counter');
    void runtime.spawn(counter).step();
    runtime.settle();
    expect(counter.n).toBe(1_000_000);
  });
});
