import { Deferred, Future } from '@keelson/process';
import { describe, expect, it } from 'vitest';
import { gather } from '../src/gather.js';
import { SingleFlight } from '../src/single-flight.js';
import { Slots } from '../src/slots.js';

/** Work that reacts to a discard as transfers do: at once. */
function discardable<T>(): Deferred<T> {
  const work = new Deferred<T>();
  work.future.onDiscard(() => void work.discard());
  return work;
}

describe('single flight', () => {
  it('starts equal work once and gives everybody its outcome', () => {
    const flights = new SingleFlight<string, number>();
    const work = new Deferred<number>();
    let starts = 0;
    const start = (): Future<number> => {
      starts += 1;
      return work.future;
    };
    const views = [flights.join('a', start), flights.join('a', start)];
    work.set(1);
    expect(views.map((view) => view.get())).toEqual([1, 1]);
    expect(starts).toBe(1);
    expect(flights.has('a')).toBe(false);
  });

  it('discards the work with the last interest, and not before', () => {
    const flights = new SingleFlight<string, number>();
    const work = discardable<number>();
    const views = [0, 1].map(() => flights.join('a', () => work.future));
    views[0]!.discard();
    expect([views[0]!.isDiscarded(), work.future.hasDiscard()]).toEqual([true, false]);
    views[1]!.discard();
    expect(work.future.isDiscarded()).toBe(true);
  });

  it('erases only itself: a flight that ends late leaves the new one of its key alone', () => {
    const flights = new SingleFlight<string, number>();
    const stubborn = new Deferred<number>();
    flights.join('a', () => stubborn.future).discard();
    const second = new Deferred<number>();
    const view = flights.join('a', () => second.future);

    stubborn.set(1);

    expect(flights.has('a')).toBe(true);
    expect(flights.join('a', () => Future.failed(new Error('a third start'))).isPending()).toBe(true);
    second.set(2);
    expect(view.get()).toBe(2);
  });

  it('hands over a value that came when everybody had left', () => {
    const unclaimed: number[] = [];
    const flights = new SingleFlight<string, number>((value) => unclaimed.push(value));
    const work = new Deferred<number>();
    flights.join('a', () => work.future).discard();
    work.set(7);
    expect(unclaimed).toEqual([7]);
  });

  it('passes failures on and keeps nothing of work that was done at once', () => {
    const flights = new SingleFlight<string, number>();
    const error = new Error('no');
    expect(flights.join('a', () => Future.failed(error)).failure()).toBe(error);
    expect(flights.has('a')).toBe(false);
  });
});

describe('slots', () => {
  it('run so many at once, and the others in the order they came', () => {
    const slots = new Slots(2);
    const started: number[] = [];
    const works = [0, 1, 2, 3].map(() => new Deferred<void>());
    works.forEach((work, index) => {
      void slots.run(() => {
        started.push(index);
        return work.future;
      });
    });
    expect(started).toEqual([0, 1]);
    works[1]!.set(undefined);
    expect(started).toEqual([0, 1, 2]);
    works[0]!.fail(new Error('no'));
    expect(started).toEqual([0, 1, 2, 3]);
    works[2]!.set(undefined);
    works[3]!.set(undefined);
    expect(slots.idle).toBe(true);
  });

  it('forget who was discarded while waiting, and keep the slot of running work until it has ended', () => {
    const slots = new Slots(1);
    const stubborn = new Deferred<void>();
    const running = slots.run(() => stubborn.future);
    let started = false;
    const waiting = slots.run(() => {
      started = true;
      return Future.ready();
    });
    waiting.discard();
    running.discard();
    expect([waiting.isDiscarded(), slots.idle]).toEqual([true, false]);
    stubborn.set(undefined);
    expect([started, slots.idle]).toEqual([false, true]);
  });
});

describe('gather', () => {
  it('answers all values in order', () => {
    const works = [new Deferred<number>(), new Deferred<number>()];
    const all = gather(works.map((work) => work.future));
    works[1]!.set(2);
    works[0]!.set(1);
    expect(all.get()).toEqual([1, 2]);
    expect(gather([]).get()).toEqual([]);
  });

  it('discards the rest on a failure, and fails as it was raised once all have ended', () => {
    const failing = new Deferred<number>();
    const stubborn = new Deferred<number>();
    const willing = discardable<number>();
    const all = gather([failing.future, stubborn.future, willing.future]);
    const error = new Error('no');

    failing.fail(error);

    expect(willing.future.isDiscarded()).toBe(true);
    expect([all.isPending(), stubborn.future.hasDiscard()]).toEqual([true, true]);
    stubborn.set(1);
    expect(all.failure()).toBe(error);
  });

  it('passes a discard on to all, and is discarded when they are', () => {
    const works = [discardable<number>(), discardable<number>()];
    const all = gather(works.map((work) => work.future));
    all.discard();
    expect(all.isDiscarded()).toBe(true);
  });
});
