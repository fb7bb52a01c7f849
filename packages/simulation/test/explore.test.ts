import type { Dispatcher, ReadyItem } from '@keelson/process';
import { DecisionVector, explore, RecordingDispatcher } from '@keelson/simulation';
import { describe, expect, it } from 'vitest';

const item = (process: string, label: string): ReadyItem => ({ kind: 'event', process, label, cause: 0 });

/** Interleaves the steps of `threads` as the dispatcher says, and tells the order. */
function interleave(dispatcher: Dispatcher, threads: Readonly<Record<string, readonly string[]>>): string {
  const left = new Map(Object.entries(threads).map(([name, steps]) => [name, [...steps]]));
  const order: string[] = [];
  while (left.size > 0) {
    const ready = [...left].map(([name, steps]) => item(name, steps[0] as string));
    const chosen = ready[dispatcher.next(ready)] as ReadyItem;
    order.push(chosen.label);
    const steps = left.get(chosen.process as string) as string[];
    steps.shift();
    if (steps.length === 0) left.delete(chosen.process as string);
  }
  return order.join('');
}

const threads = { a: ['a', 'b'], c: ['c', 'd'], e: ['e', 'f'] };

describe('explore', () => {
  it('runs every interleaving exactly once', () => {
    const orders: string[] = [];
    const found = explore((dispatcher) => void orders.push(interleave(dispatcher, threads)));
    expect(found).toEqual({ runs: 90, pruned: 0, cut: 0, complete: true });
    expect(new Set(orders).size).toBe(90);
  });

  it('runs independent steps in one order only', () => {
    const orders: string[] = [];
    const found = explore((dispatcher) => void orders.push(interleave(dispatcher, threads)), {
      independent: (one, other) => one.process !== other.process,
    });
    expect(orders).toEqual(['abcdef']);
    expect(found.complete).toBe(true);
  });

  it('misses no outcome of dependent steps when it reduces', () => {
    // c and e write the same cell; a touches another one.
    const touches = (step: ReadyItem) => (step.process === 'a' ? 'own' : 'shared');
    const projection = (order: string) => order.replace(/[ab]/g, '');
    const all = new Set<string>();
    const reduced = new Set<string>();
    explore((dispatcher) => void all.add(projection(interleave(dispatcher, threads))));
    const found = explore((dispatcher) => void reduced.add(projection(interleave(dispatcher, threads))), {
      independent: (one, other) => one.process !== other.process && touches(one) !== touches(other),
    });
    expect(reduced).toEqual(all);
    expect(found.runs).toBeLessThan(90);
  });

  it('tells twins apart: one that need not be tried does not stand for another that came later', () => {
    const orders: string[] = [];
    const twins = (dispatcher: Dispatcher): void => {
      const left = [{ name: 'first', label: 'ask' }, { name: 'b', label: 'b' }];
      const order: string[] = [];
      while (left.length > 0) {
        const [ran] = left.splice(dispatcher.next(left.map(({ label }) => item(label, label))), 1);
        order.push(ran?.name ?? '');
        if (ran?.name === 'b') left.push({ name: 'second', label: 'ask' });
      }
      orders.push(order.filter((name) => name !== 'b').join(' '));
    };
    explore(twins, { independent: (one, other) => one.label !== other.label });
    expect(new Set(orders)).toEqual(new Set(['first second', 'second first']));
  });

  it('counts no step without an alternative in the vector of a failure', () => {
    const scenario = (dispatcher: Dispatcher): void => {
      dispatcher.next([item('a', 'alone')]);
      if (dispatcher.next([item('a', 'x'), item('b', 'y')]) === 1) throw new Error('y first');
    };
    expect(explore(scenario).failure?.vector).toEqual([1]);
  });

  it('stops at the first failure and tells the vector that repeats it', () => {
    const scenario = (dispatcher: Dispatcher): void => {
      if (interleave(dispatcher, threads).startsWith('ec')) throw new Error('e before c');
    };
    const { failure } = explore(scenario);
    expect(failure?.error.message).toBe('e before c');
    expect(() => scenario(new DecisionVector(failure?.vector ?? []))).toThrow('e before c');
  });

  it('cuts a run that does not end, and says the search was not complete', () => {
    const forever = (dispatcher: Dispatcher): void => {
      for (;;) dispatcher.next([item('a', 'x'), item('b', 'y')]);
    };
    const found = explore(forever, { maxChoices: 4 });
    expect(found).toEqual({ runs: 16, pruned: 0, cut: 16, complete: false });
  });

  it('records choices as a vector that replays them', () => {
    const recorder = new RecordingDispatcher(new DecisionVector([2, 0, 1]));
    const order = interleave(recorder, threads);
    expect(interleave(new DecisionVector(recorder.vector()), threads)).toBe(order);
    expect(recorder.vector()).toEqual([2, 0, 1]);
  });
});
