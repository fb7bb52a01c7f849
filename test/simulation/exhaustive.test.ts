import { describe, expect, it } from 'vitest';
import { traceOf } from './determinism.js';
import { searchLock } from './exhaustive-lock.js';
import { searchWorld } from './exhaustive-world.js';

/** The wider searches (four processes on the lock, ten choices, 1,000 repetitions) are in `npm run scenarios`. */
describe('exhaustive searches', () => {
  it('the lock is a list of waiters in every interleaving of three processes, one of which may give up', () => {
    const { interleavings, assignments } = searchLock(3, 1);
    console.log(`lock: ${interleavings} interleavings of ${assignments} choices of readers and writers`);
    expect(interleavings).toBeGreaterThan(1_000);
  });

  it('two provisions, a destroy, a prune, its sweep and a crash end well in every order of the first six choices', () => {
    const { interleavings, crashes, complete } = searchWorld(6, 5_000, 2);
    console.log(`store: ${interleavings} orders, ${crashes} of them crashed`);
    expect(complete).toBe(true);
    expect(interleavings).toBeGreaterThan(20);
  });
});

describe('a seed', () => {
  it('gives the same trace every time', () => {
    const traces = Array.from({ length: 20 }, () => traceOf(7));
    expect(new Set(traces).size).toBe(1);
    expect(traceOf(8)).not.toBe(traces[0]);
  });
});
