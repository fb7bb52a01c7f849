import { AbandonedError, Deferred, DiscardedError, Future } from '@keelson/process';
import * as rxjs from 'rxjs';
import { describe, expect, it } from 'vitest';

/** What an observer hears, in order. */
function heardFrom(source: rxjs.Observable<unknown>): { heard: unknown[]; subscription: rxjs.Subscription } {
  const heard: unknown[] = [];
  const subscription = source.subscribe({
    next: (value) => heard.push(value),
    error: (error: unknown) => heard.push(error),
    complete: () => heard.push('complete'),
  });
  return { heard, subscription };
}

describe('a future among the operators of rxjs', () => {
  it('is switched to by switchMap and left by it, without being discarded', () => {
    const triggers = new rxjs.Subject<Deferred<string>>();
    const { heard } = heardFrom(triggers.pipe(rxjs.switchMap(({ future }) => future)));
    const [first, second] = [new Deferred<string>(), new Deferred<string>()];
    triggers.next(first);
    triggers.next(second);
    first.set('first');
    second.set('second');
    triggers.complete();

    expect(heard).toEqual(['second', 'complete']);
    expect(first.future.hasDiscard()).toBe(false);
  });

  it('goes through mergeMap, concat, combineLatest, forkJoin and race', () => {
    const pending = [new Deferred<number>(), new Deferred<number>()];
    const [a, b] = pending.map(({ future }) => future) as [Future<number>, Future<number>];
    const merged = heardFrom(rxjs.of(1, 2).pipe(rxjs.mergeMap((n) => a.then((value) => value * n))));
    const concatenated = heardFrom(rxjs.concat(b, a));
    const combined = heardFrom(rxjs.combineLatest([a, b]));
    const joined = heardFrom(rxjs.forkJoin({ a, b }));
    const raced = heardFrom(rxjs.race(a, b));
    pending[0]!.set(10);
    pending[1]!.set(20);

    expect(merged.heard).toEqual([10, 20, 'complete']);
    expect(concatenated.heard).toEqual([20, 10, 'complete']);
    expect(combined.heard).toEqual([[10, 20], 'complete']);
    expect(joined.heard).toEqual([{ a: 10, b: 20 }, 'complete']);
    expect(raced.heard).toEqual([10, 'complete']);
  });

  it('is caught by catchError, whether failed, discarded or abandoned', () => {
    const [failed, discarded, abandoned] = [new Deferred<number>(), new Deferred<number>(), new Deferred<number>()];
    const caught = [failed, discarded, abandoned].map(({ future }) =>
      heardFrom(future.pipe(rxjs.catchError((error: unknown) => rxjs.of((error as Error).name)))),
    );
    failed.fail(Object.assign(new Error('far'), { name: 'RangeError' }));
    discarded.discard();
    abandoned.abandon();

    const names = ['RangeError', 'DiscardedError', 'AbandonedError'];
    expect(caught.map(({ heard }) => heard)).toEqual(names.map((name) => [name, 'complete']));
  });

  it('rejects firstValueFrom and lastValueFrom with what became of it', async () => {
    const error = new Error('no');
    await expect(rxjs.firstValueFrom(Future.failed(error))).rejects.toBe(error);
    await expect(rxjs.lastValueFrom(Future.discarded())).rejects.toBeInstanceOf(DiscardedError);
    await expect(rxjs.firstValueFrom(Future.never())).rejects.toBeInstanceOf(AbandonedError);
    expect(await rxjs.firstValueFrom(Future.ready(undefined))).toBeUndefined();
  });

  it('tells nothing to one that unsubscribed, alone or among others', () => {
    const deferred = new Deferred<number>();
    const alone = heardFrom(deferred.future);
    alone.subscription.unsubscribe();
    const [first, second] = [heardFrom(deferred.future), heardFrom(deferred.future)];
    first.subscription.unsubscribe();
    deferred.set(1);

    expect([alone.heard, first.heard, second.heard]).toEqual([[], [], [1, 'complete']]);
  });

  it('lets an observer unsubscribe while it hears the value', () => {
    const deferred = new Deferred<number>();
    const heard: number[] = [];
    const subscription = deferred.future.subscribe((value) => {
      heard.push(value);
      subscription.unsubscribe();
    });
    deferred.set(7);
    expect([heard, subscription.closed]).toEqual([[7], true]);
  });

  it('times out by rxjs without being touched', async () => {
    const deferred = new Deferred<number>();
    await expect(rxjs.firstValueFrom(deferred.future.pipe(rxjs.timeout(1)))).rejects.toThrow(rxjs.TimeoutError);
    expect(String(deferred.future)).toBe('Pending');
  });
});

describe('an observable become a future', () => {
  it('is abandoned when it ends without a value, and failed with what it raised', () => {
    expect(Future.from(rxjs.EMPTY).isAbandoned()).toBe(true);
    const wrong = new Error('wrong');
    expect(Future.from(rxjs.throwError(() => wrong)).failure()).toBe(wrong);
    expect(Future.from(rxjs.throwError(() => 'text')).failure().cause).toBe('text');
  });

  it('is the same future when it was one', () => {
    const future = Future.ready(1);
    expect(Future.from(future)).toBe(future);
  });
});
