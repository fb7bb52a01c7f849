import type { Deferred} from '@keelson/process';
import { Future, undiscardable } from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { pending } from './virtual-runtime.js';

describe('futures: discarded, abandoned, recovered', () => {
  describe('F19 undiscardable', () => {
    it.each([
      ['as a method', (f: Future<number>) => f.undiscardable()],
      ['as a function', (f: Future<number>) => undiscardable(f)],
    ])('F19 stops discards at the barrier, %s, and lets the value through', (_, shield) => {
      const { promise, future } = pending<number>();
      const shielded = shield(future);
      expect(shielded.discard()).toBe(true);
      expect(future.hasDiscard()).toBe(false);
      promise.set(42);
      expect(shielded.get()).toBe(42);
    });
  });

  it('F20 a then function behind undiscardable keeps its inner future from being discarded', () => {
    const { promise, future } = pending<number>();
    const doubled = Future.ready(2).then((factor) => undiscardable(future.then((n) => n * factor)));
    doubled.discard();
    expect(future.hasDiscard()).toBe(false);
    promise.set(42);
    expect(doubled.get()).toBe(84);
  });

  describe('F21 abandonment', () => {
    it('F21 a future nobody can complete is abandoned from the start', () => {
      const never = Future.never<number>();
      expect([never.isPending(), never.isAbandoned()]).toEqual([true, true]);
    });

    it('F21 a promise given up abandons its future, once, and keeps it pending', () => {
      const { promise, future } = pending<number>();
      const abandoned = vi.fn();
      future.onAbandoned(abandoned);
      expect(future.isAbandoned()).toBe(false);
      promise.abandon();
      promise.abandon();
      expect([future.isPending(), future.isAbandoned()]).toEqual([true, true]);
      expect(abandoned).toHaveBeenCalledTimes(1);
    });

    it('F21 a completed promise cannot be abandoned', () => {
      const { promise, future } = pending<number>();
      promise.set(1);
      promise.abandon();
      expect(future.isAbandoned()).toBe(false);
    });
  });

  it('F22 abandonment goes through a chain', () => {
    const { promise, future } = pending<number>();
    const end = future.then((n) => n + 1).then((n) => Future.ready(n + 1));
    expect(end.isAbandoned()).toBe(false);
    promise.abandon();
    expect(end.isAbandoned()).toBe(true);
    expect(end.isPending()).toBe(true);
  });

  describe.each([
    ['F23', 'discarded', (p: Deferred<number>): void => void p.discard(), (f: Future<unknown>) => f.isDiscarded()],
    ['F24', 'failed', (p: Deferred<number>): void => void p.fail(new Error('x')), (f: Future<unknown>) => f.isFailed()],
    ['F25', 'abandoned', (p: Deferred<number>) => p.abandon(), (f: Future<unknown>) => f.isAbandoned()],
  ] as const)('%s', (id, how, finish, holds) => {
    it(`${id} recover gets a source that was ${how}, also through a then`, () => {
      const { promise, future } = pending<number>();
      const seen: boolean[] = [];
      const recovered = future
        .then((n) => `${n}`)
        .recover((source) => {
          seen.push(holds(source));
          return Future.ready('recovered');
        });
      finish(promise);
      expect(recovered.get()).toBe('recovered');
      expect(seen).toEqual([true]);
    });

    it(`${id} recover leaves success alone`, () => {
      const { promise, future } = pending<number>();
      const recovered = future.recover(() => 0);
      promise.set(5);
      expect(recovered.get()).toBe(5);
    });
  });

  it('F26 a discard from before does not reach into a recovery; a second one does', () => {
    const source = pending<number>();
    const first = pending<number>();
    const second = pending<number>();
    const recovered = source.future.recover(() => first.future.then(() => second.future));

    expect(recovered.discard()).toBe(true);
    expect(source.future.hasDiscard()).toBe(true);
    source.promise.discard();
    expect(recovered.hasDiscard()).toBe(false);
    expect(first.future.hasDiscard()).toBe(false);

    first.promise.set(1);
    expect(second.future.hasDiscard()).toBe(false);
    expect(recovered.discard()).toBe(true);
    expect(second.future.hasDiscard()).toBe(true);

    second.promise.discard();
    expect(recovered.isDiscarded()).toBe(true);
  });
});
