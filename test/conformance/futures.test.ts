import type { Deferred} from '@keelson/process';
import { Future, select } from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { inHandler } from './in-handler.js';
import { pending, virtualRuntime } from './virtual-runtime.js';

describe('futures', () => {
  it('F01 a promise that is set makes its future ready with that value', () => {
    const { promise, future } = pending<boolean>();
    expect(future.isReady()).toBe(false);

    expect(promise.set(true)).toBe(true);

    expect(future.isReady()).toBe(true);
    expect(future.get()).toBe(true);
  });

  describe('F02 every state prints as upstream prints it', () => {
    it('F02 pending, with and without a discard request', () => {
      const { future } = pending<number>();
      expect(String(future)).toBe('Pending');
      future.discard();
      expect(String(future)).toBe('Pending (with discard)');
    });

    it('F02 ready, with and without a discard request', () => {
      const plain = pending<number>();
      plain.promise.set(1);
      expect(String(plain.future)).toBe('Ready');

      const asked = pending<number>();
      asked.future.discard();
      asked.promise.set(1);
      expect(String(asked.future)).toBe('Ready (with discard)');
    });

    it('F02 failed, with and without a discard request', () => {
      const plain = pending<number>();
      plain.promise.fail(new Error('disk full'));
      expect(String(plain.future)).toBe('Failed: disk full');

      const asked = pending<number>();
      asked.future.discard();
      asked.promise.fail(new Error('disk full'));
      expect(String(asked.future)).toMatch(/^Failed.*disk full/);
      expect(String(asked.future)).toContain('(with discard)');
    });

    it('F02 discarded, by the producer alone and after a request', () => {
      const alone = pending<number>();
      alone.promise.discard();
      expect(String(alone.future)).toBe('Discarded');

      const asked = pending<number>();
      asked.future.discard();
      asked.promise.discard();
      expect(String(asked.future)).toBe('Discarded (with discard)');
    });

    it('F02 abandoned, with and without a discard request', () => {
      const plain = pending<number>();
      plain.promise.abandon();
      expect(String(plain.future)).toBe('Abandoned');

      const asked = pending<number>();
      asked.future.discard();
      asked.promise.abandon();
      expect(String(asked.future)).toBe('Abandoned (with discard)');
    });
  });

  describe('F03 an associated promise mirrors the other future', () => {
    it('F03 and hands a discard request inward without completing anything', () => {
      const outer = pending<number>();
      const inner = pending<number>();
      expect(outer.promise.associate(inner.future)).toBe(true);

      expect(outer.future.discard()).toBe(true);

      expect(inner.future.hasDiscard()).toBe(true);
      expect(inner.future.isDiscarded()).toBe(false);
      expect(outer.future.isPending()).toBe(true);

      inner.promise.discard();
      expect(outer.future.isDiscarded()).toBe(true);
    });

    it('F03 whether ready or failed, and refuses to be completed beside it', () => {
      const ready = pending<number>();
      const failed = pending<number>();
      const a = pending<number>();
      const b = pending<number>();
      a.promise.associate(ready.future);
      b.promise.associate(failed.future);
      expect([a.promise.set(1), a.promise.fail(new Error('no')), a.promise.discard()]).toEqual([false, false, false]);

      ready.promise.set(42);
      failed.promise.fail(new Error('boom'));

      expect(a.future.get()).toBe(42);
      expect(b.future.failure().message).toBe('boom');
    });

    it('F03 by set(future) as well', () => {
      const outer = pending<number>();
      const inner = pending<number>();
      outer.promise.set(inner.future);
      expect(outer.future.isPending()).toBe(true);
      inner.promise.set(7);
      expect(outer.future.get()).toBe(7);
    });
  });

  it('F04 onAny on a ready future runs before it returns, with the future', () => {
    const seen: unknown[] = [];
    const future = Future.ready(42);
    future.onAny((it) => seen.push(it, it.get()));
    expect(seen).toEqual([future, 42]);
  });

  it('F05 then on a ready future is ready at once, for values and for futures', () => {
    const word = Future.ready(1).then((n) => `${n}`);
    const nested = Future.ready(1).then((n) => Future.ready(n + 41));
    expect(word.get()).toBe('1');
    expect(nested.get()).toBe(42);
  });

  it('F06 on a ready future only the onReady and onAny callbacks run, once each', () => {
    let sum = 0;
    const future = Future.ready('x');
    future
      .onReady(() => (sum += 1))
      .onAny(() => (sum += 10))
      .onFailed(() => (sum += 100))
      .onDiscarded(() => (sum += 1_000))
      .onDiscard(() => (sum += 10_000))
      .onAbandoned(() => (sum += 100_000));
    future.discard();
    expect(sum).toBe(11);
  });

  describe('F07 repair', () => {
    it('F07 leaves success alone', () => {
      const repairing = vi.fn(() => Future.ready(43));
      const { promise, future } = pending<number>();
      const repaired = future.repair(repairing);
      promise.set(42);
      expect(repaired.get()).toBe(42);
      expect(repairing).not.toHaveBeenCalled();
    });

    it('F07 replaces failure, having seen its message', () => {
      const seen: string[] = [];
      const { promise, future } = pending<number>();
      const repaired = future.repair((failed) => {
        seen.push(failed.failure().message);
        return Future.ready(43);
      });
      promise.fail(new Error('boom'));
      expect(repaired.get()).toBe(43);
      expect(seen).toEqual(['boom']);
    });

    it('F07 lets discarded and abandoned pass', () => {
      const discarded = pending<number>();
      const abandoned = pending<number>();
      const repairing = vi.fn(() => 1);
      const a = discarded.future.repair(repairing);
      const b = abandoned.future.repair(repairing);
      discarded.promise.discard();
      abandoned.promise.abandon();
      expect([a.isDiscarded(), b.isAbandoned()]).toEqual([true, true]);
      expect(repairing).not.toHaveBeenCalled();
    });
  });

  describe('F08 future.after', () => {
    it('F08 fires at its deadline, whatever discard was requested before', () => {
      const { runtime, clock } = virtualRuntime();
      const { promise, future } = pending<number>();
      const seen: boolean[] = [];
      const late = inHandler(runtime, () =>
        future.after(1000, (source) => {
          seen.push(source.hasDiscard());
          source.discard();
          return Future.failed<number>(new Error('timed out'));
        }),
      );

      clock.advance(500);
      runtime.settle();
      expect(late.isPending()).toBe(true);

      late.discard();
      runtime.settle();
      expect(late.isPending()).toBe(true);
      expect(future.hasDiscard()).toBe(true);

      clock.advance(500);
      runtime.settle();
      expect(seen).toEqual([true]);
      expect(late.failure().message).toBe('timed out');
      expect(promise.future.isPending()).toBe(true);
    });
  });

  it('F09 a source that completes in time cancels the timer of after', () => {
    const { runtime, clock } = virtualRuntime();
    const { promise, future } = pending<number>();
    const expired = vi.fn(() => 0);
    const late = inHandler(runtime, () => future.after(1000, expired));

    clock.advance(500);
    promise.set(42);
    clock.advance(5000);
    runtime.settle();

    expect(late.get()).toBe(42);
    expect(expired).not.toHaveBeenCalled();
  });

  it('F10 after fires on an undisturbed source without leaving a discard request on its result', () => {
    const { runtime, clock } = virtualRuntime();
    const { future } = pending<number>();
    const late = inHandler(runtime, () => future.after(10, () => Future.failed<number>(new Error('late'))));
    clock.advance(10);
    runtime.settle();
    expect(late.isFailed()).toBe(true);
    expect(late.hasDiscard()).toBe(false);
    expect(future.hasDiscard()).toBe(false);
  });

  describe('F11 a chain of then', () => {
    const chain = (future: Future<number>, last: (s: string) => string) =>
      future.then((n) => Future.ready(`${n}`)).then((s) => Future.ready(`${s}!`)).then(last);

    it('F11 carries the value through', () => {
      expect(chain(Future.ready(1), (s) => s).get()).toBe('1!');
    });

    it('F11 is cut short by failure', () => {
      const last = vi.fn((s: string) => s);
      expect(chain(Future.failed(new Error('boom')), last).failure().message).toBe('boom');
      expect(last).not.toHaveBeenCalled();
    });

    it('F11 is cut short by the discard of its source', () => {
      const last = vi.fn((s: string) => s);
      const { promise, future } = pending<number>();
      const end = chain(future, last);
      promise.discard();
      expect(end.isDiscarded()).toBe(true);
      expect(last).not.toHaveBeenCalled();
    });
  });

  describe.each([
    ['F12', 'discarded', (p: Deferred<boolean>) => p.discard(), 'Discarded'],
    ['F13', 'set all the same', (p: Deferred<boolean>) => p.set(true), 'Discarded'],
    ['F14', 'failed', (p: Deferred<boolean>) => p.fail(new Error('boom')), 'Failed'],
  ] as const)('%s', (id, how, finish, outcome) => {
    it(`${id} a discard of a chain reaches the inner future in progress; when that is ${how} the chain is ${outcome}`, () => {
      const first = pending<number>();
      const second = pending<boolean>();
      const third = pending<string>();
      const last = vi.fn((s: string) => s.length);
      const requested = { second: vi.fn(), third: vi.fn() };
      second.future.onDiscard(requested.second);
      third.future.onDiscard(requested.third);

      const chain = first.future
        .then(() => second.future)
        .then(() => third.future)
        .then(last);
      first.promise.set(1);
      expect(requested.second).not.toHaveBeenCalled();

      expect(chain.discard()).toBe(true);
      expect(requested.second).toHaveBeenCalledTimes(1);
      expect(chain.isPending()).toBe(true);

      expect(finish(second.promise)).toBe(true);
      expect(chain.toString()).toMatch(new RegExp(`^${outcome}`));
      expect(requested.third).not.toHaveBeenCalled();
      expect(last).not.toHaveBeenCalled();
    });
  });

  describe('F15 select', () => {
    it('F15 answers the ready one', () => {
      const { runtime } = virtualRuntime();
      const idle = pending<number>();
      const quick = pending<number>();
      const selected = inHandler(runtime, () => select([idle.future, quick.future]));
      expect(selected.isPending()).toBe(true);

      quick.promise.set(42);
      runtime.settle();

      expect(selected.get().index).toBe(1);
      expect(selected.get().future).toBe(quick.future);
      expect(selected.get().future.get()).toBe(42);
      expect(idle.future.hasDiscard()).toBe(false);
    });

    it('F15 is discarded at once when asked, leaving its inputs alone', () => {
      const { runtime } = virtualRuntime();
      const { future } = pending<number>();
      const selected = inHandler(runtime, () => select([future]));
      selected.discard();
      runtime.settle();
      expect(selected.isDiscarded()).toBe(true);
      expect(future.hasDiscard()).toBe(false);
    });
  });

  it('F16 a future is made from a value or from an error', () => {
    expect(Future.ready(1).get()).toBe(1);
    expect(Future.failed(new Error('no')).failure().message).toBe('no');
  });

  it('F17 a future made from a future is the same one; one made from a failed one fails with the same error', () => {
    const { promise, future } = pending<number>();
    const same = Future.from(future);
    promise.set(3);
    expect(same.get()).toBe(3);
    const error = new Error('boom');
    expect(Future.from(Future.failed<number>(error)).failure()).toBe(error);
  });
});
