import { Queue } from '@keelson/process';
import { describe, expect, it } from 'vitest';

describe('queue', () => {
  it('Q01 a get on an empty queue is completed inside the put', () => {
    const queue = new Queue<number>();
    const got = queue.get();
    expect(got.isPending()).toBe(true);
    queue.put(42);
    expect(got.get()).toBe(42);
    expect(queue.size).toBe(0);
  });

  it('Q02 a get of what is stored is immediate', () => {
    const queue = new Queue<number>();
    queue.put(42);
    expect(queue.size).toBe(1);
    expect(queue.get().get()).toBe(42);
    expect(queue.size).toBe(0);
  });

  it('Q03 gets are served in the order they were made', () => {
    const queue = new Queue<number>();
    const gets = [queue.get(), queue.get(), queue.get()];
    for (const n of [1, 2, 3]) queue.put(n);
    expect(gets.map((get) => get.get())).toEqual([1, 2, 3]);
  });

  it('Q04 a waiting get that is discarded leaves at once, and the next put goes to the next', () => {
    const queue = new Queue<number>();
    const first = queue.get();
    const second = queue.get();
    first.discard();
    expect(first.isDiscarded()).toBe(true);
    queue.put(42);
    expect(second.get()).toBe(42);
  });
});
