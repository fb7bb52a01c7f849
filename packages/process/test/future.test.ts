import { AbandonedError, Deferred, DiscardedError, Future, strayFailures } from '@keelson/process';
import { firstValueFrom, from, map, Observable, of, Subject, switchMap, toArray } from 'rxjs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('future', () => {
  it('runs callbacks on one state before those on any, whatever the order of registration', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('ready', 'any'), { maxLength: 12 }), (kinds) => {
        const deferred = new Deferred<number>();
        const ran: string[] = [];
        kinds.forEach((kind, n) => {
          if (kind === 'ready') deferred.future.onReady(() => ran.push(`ready${n}`));
          else deferred.future.onAny(() => ran.push(`any${n}`));
        });

        deferred.set(1);

        const named = kinds.map((kind, n) => `${kind}${n}`);
        const isReady = (name: string) => name.startsWith('ready');
        expect(ran).toEqual([...named.filter(isReady), ...named.filter((name) => !isReady(name))]);
      }),
    );
  });

  it('then is associative, and a ready future is its unit', () => {
    const f = (n: number) => Future.ready(n + 1);
    const g = (n: number) => (n % 2 === 0 ? Future.ready(n * 3) : Future.failed<number>(new Error(String(n))));
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (n, late) => {
        const deferred = new Deferred<number>();
        if (!late) deferred.set(n);
        const left = deferred.future.then(f).then(g);
        const right = deferred.future.then((value) => f(value).then(g));
        const unit = deferred.future.then((value) => Future.ready(value));
        if (late) deferred.set(n);

        expect(String(left)).toBe(String(right));
        expect(left.isReady() ? left.get() : undefined).toBe(right.isReady() ? right.get() : undefined);
        expect(unit.get()).toBe(n);
      }),
    );
  });

  it('settles a chain of a million hops on the default stack, and discards and abandons it too', () => {
    const chain = (source: Future<number>) => {
      let end = source;
      for (let n = 0; n < 1_000_000; n += 1) end = end.then((value) => value + 1);
      return end;
    };
    const set = new Deferred<number>();
    const end = chain(set.future);
    set.set(0);
    expect(end.get()).toBe(1_000_000);

    const dropped = new Deferred<number>();
    const waiting = chain(dropped.future);
    waiting.discard();
    expect(dropped.future.hasDiscard()).toBe(true);
    dropped.abandon();
    expect(String(waiting)).toBe('Abandoned (with discard)');
  });

  it('completes a hundred thousand promises from one another without growing the stack', () => {
    const promises = Array.from({ length: 100_000 }, () => new Deferred<number>());
    for (const [n, { future }] of promises.entries()) future.onAny(() => promises[n + 1]?.set(n));
    promises[0]!.set(0);
    expect(promises.at(-1)!.future.isReady()).toBe(true);
  });

  it('is pending and abandoned when nobody can complete it, and can be recovered', () => {
    const deferred = new Deferred<number>();
    const recovered = deferred.future.then((n) => n + 1).recover(() => 7);
    deferred.abandon();
    expect([deferred.future.isPending(), deferred.future.isAbandoned(), recovered.get()]).toEqual([true, true, 7]);
  });

  it('lets a callback that throws stop nobody else', () => {
    const before = strayFailures.callbackErrors.count;
    const deferred = new Deferred<number>();
    const ran: number[] = [];
    deferred.future.onReady(() => {
      throw new Error('mine');
    });
    deferred.future.onReady((n) => ran.push(n));
    expect(deferred.set(1)).toBe(true);
    expect(ran).toEqual([1]);
    expect(strayFailures.callbackErrors.count).toBe(before + 1);
  });

  it('fails rather than wait for itself', () => {
    const deferred = new Deferred<number>();
    deferred.associate(deferred.future);
    const source = new Deferred<number>();
    const derived: Future<number> = source.future.then(() => derived);
    source.set(1);
    for (const future of [deferred.future, derived]) expect(future.failure()).toBeInstanceOf(TypeError);
  });

  it('costs its one reaction no less care than several: each kind alone is told as it should', () => {
    const outcomes = ['ready', 'failed', 'discarded', 'abandoned'] as const;
    const told = outcomes.map((outcome) =>
      (['onReady', 'onFailed', 'onDiscarded', 'onAny', 'onAbandoned'] as const).filter((name) => {
        const deferred = new Deferred<number>();
        let ran = 0;
        deferred.future[name](() => (ran += 1));
        if (outcome === 'ready') deferred.set(1);
        else if (outcome === 'failed') deferred.fail(new Error('no'));
        else if (outcome === 'discarded') deferred.discard();
        else deferred.abandon();
        return ran === 1;
      }),
    );
    expect(told).toEqual([['onReady', 'onAny'], ['onFailed', 'onAny'], ['onDiscarded', 'onAny'], ['onAbandoned']]);
  });

  it('may be abandoned, looked at again, and completed after all, with one callback or with more', () => {
    for (const more of [false, true]) {
      const deferred = new Deferred<number>();
      const heard: string[] = [];
      deferred.future.onAbandoned(() => {
        heard.push('abandoned');
        deferred.future.onReady((n) => heard.push(`ready ${n}`));
      });
      if (more) deferred.future.onReady(() => heard.push('first'));
      deferred.abandon();
      deferred.future.onAbandoned(() => heard.push('late'));
      deferred.set(1);
      expect(heard).toEqual(['abandoned', 'late', ...(more ? ['first'] : []), 'ready 1']);
    }
  });

  describe('awaited', () => {
    it('is passed through by a then without a function', async () => {
      const then = (f?: unknown): unknown => (Future.ready(1).then as (f?: unknown) => unknown).call(Future.ready(1), f);
      expect([await then(), await then(null)]).toEqual([1, 1]);
    });

    it('answers the value, and maps failure, discard and abandonment to rejections', async () => {
      const discarded = new Deferred<number>();
      discarded.discard();
      const abandoned = new Deferred<number>();
      const waiting = abandoned.future.toPromise();
      abandoned.abandon();
      const error = new Error('no');

      expect(await Future.ready(1)).toBe(1);
      await expect(Future.failed(error)).rejects.toBe(error);
      await expect(discarded.future.toPromise()).rejects.toBeInstanceOf(DiscardedError);
      await expect(waiting).rejects.toBeInstanceOf(AbandonedError);
      await expect(Future.never().toPromise()).rejects.toBeInstanceOf(AbandonedError);
    });
  });

  describe('as an observable', () => {
    it('is one, replays its value and completes', async () => {
      expect(Future.ready(1)).toBeInstanceOf(Observable);
      const deferred = new Deferred<number>();
      const seen = firstValueFrom(deferred.future.pipe(map((n) => n * 2), toArray()));
      deferred.set(21);
      expect(await seen).toEqual([42]);
      expect(await firstValueFrom(from(deferred.future).pipe(switchMap((n) => of(n + 1))))).toBe(22);
    });

    it('counts a failure that a bare subscriber cannot hear as unobserved, instead of an uncaught exception', () => {
      const before = strayFailures.unobserved.count;
      const deferred = new Deferred<number>();
      deferred.future.subscribe(() => {});
      deferred.fail(new Error('unheard'));
      expect(strayFailures.unobserved.count).toBe(before + 1);
      deferred.future.onFailed(() => {});
      expect(strayFailures.unobserved.count).toBe(before);
    });

    it('does not tell who unsubscribed, and forgets many of them', () => {
      const deferred = new Deferred<number>();
      const heard: number[] = [];
      const subscriptions = Array.from({ length: 1000 }, (_, n) => deferred.future.subscribe(() => heard.push(n)));
      for (const [n, subscription] of subscriptions.entries()) if (n !== 7) subscription.unsubscribe();
      expect(deferred.future.hasDiscard()).toBe(false);
      deferred.set(1);
      expect(heard).toEqual([7]);
    });
  });

  describe('from outside', () => {
    it('takes the first value of an observable, and unsubscribes when it is discarded', () => {
      const subject = new Subject<number>();
      const first = Future.from(subject);
      const discarded = Future.from(subject);
      discarded.discard();
      subject.next(1);
      subject.next(2);
      expect([first.get(), discarded.isDiscarded(), subject.observed]).toEqual([1, true, false]);
      expect(Future.from(of(5)).get()).toBe(5);
    });

    it('follows a native promise', async () => {
      expect(await Future.from(globalThis.Promise.resolve(1))).toBe(1);
      await expect(Future.from(globalThis.Promise.reject(new Error('no')))).rejects.toThrow('no');
    });
  });
});
