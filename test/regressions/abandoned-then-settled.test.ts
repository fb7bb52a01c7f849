import { Deferred, Future, strayFailures } from '@keelson/process';
import { describe, expect, it } from 'vitest';

/** Found by review: an abandoned future that was completed by one of its own callbacks ran the ones behind it twice. */
describe('a future that a callback completes while it is being abandoned', () => {
  it('tells who waits behind that callback once', () => {
    const deferred = new Deferred<number>();
    const heard: string[] = [];
    deferred.future.then((n) => n).onAbandoned(() => deferred.set(1));
    deferred.future.onAny((future) => heard.push(`any ${String(future)}`));

    deferred.abandon();

    expect(heard).toEqual(['any Ready']);
  });

  it('still tells all who asked to hear of abandonment, and before it tells of the value', () => {
    const deferred = new Deferred<number>();
    const heard: string[] = [];
    deferred.future.onAny(() => heard.push('any'));
    deferred.future.onAbandoned(() => deferred.set(1));
    deferred.future.onAbandoned(() => heard.push('abandoned'));

    deferred.abandon();

    expect(heard).toEqual(['any', 'abandoned']);
  });

  it('keeps to that however deep the callbacks are nested', () => {
    const chain = Array.from({ length: 200 }, () => new Deferred<number>());
    const ran = chain.map(() => 0);
    for (const [n, { future }] of chain.entries()) {
      future.then((value) => value).onAbandoned(() => chain[n]!.set(n));
      future.onAny(() => {
        ran[n]! += 1;
        chain[n + 1]?.abandon();
      });
    }

    chain[0]!.abandon();

    expect(ran).toEqual(chain.map(() => 1));
  });
});

/** Found by review: the failure was counted when it happened, and again for each bare subscriber that came later. */
it('a failure nobody looked at counts once, however many subscribe to its value afterwards', () => {
  const before = strayFailures.unobserved.count;
  const failed = Future.failed(new Error('unheard'));
  failed.subscribe(() => {});
  failed.subscribe(() => {});

  expect(strayFailures.unobserved.count).toBe(before + 1);
});
