import { describe, expect, it } from 'vitest';
import { traceOf } from './determinism.js';
import { searchLock } from './exhaustive-lock.js';
import { searchWorld } from './exhaustive-world.js';

describe('exhaustive searches', () => {
  it('the lock is a list of waiters in every interleaving of four processes with three operations each', () => {
    const { interleavings, assignments } = searchLock(4, 0);
    console.log(`lock: ${interleavings} interleavings of ${assignments} choices of readers and writers`);
    expect(interleavings).toBe(399_096);
  }, 240_000);

  it('two provisions, a destroy, a prune, its sweep and a crash end well in every order of the first ten choices', () => {
    const { interleavings, crashes, complete, alike } = searchWorld(10, 5_000, 2);
    console.log(`store: ${interleavings} orders (${alike} alike), ${crashes} of them crashed`);
    expect(complete).toBe(true);
    expect(interleavings).toBeGreaterThan(100);
  });
});

describe('a seed', () => {
  it('gives the same trace every time', () => {
    const traces = Array.from({ length: 50 }, () => traceOf(7));
    expect(new Set(traces).size).toBe(1);
    expect(traceOf(8)).not.toBe(traces[0]);
  });
});
