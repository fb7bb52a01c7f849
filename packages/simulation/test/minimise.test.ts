import { minimise } from '@keelson/simulation';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('minimise', () => {
  it('keeps the one choice that matters, as small as it may be', () => {
    expect(minimise([3, 1, 0, 5, 2, 2, 1, 0, 4], (vector) => (vector[3] ?? 0) >= 2)).toEqual([0, 0, 0, 2]);
  });

  it('finds the latest place where one exception does what several did', () => {
    // Two that only matter together, or one further on.
    const fails = (vector: readonly number[]) => (vector[0] === 1 && vector[4] === 1) || vector[5] === 1;
    expect(minimise([1, 0, 0, 0, 1], fails)).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it('lets the other ones it passed over go first', () => {
    // What is third at the first choice may as well be second at the next.
    const fails = (vector: readonly number[]) => vector[0] === 2 || (vector[0] === 0 && vector[1] === 1);
    expect(minimise([2], fails)).toEqual([0, 1]);
  });

  it('always answers one that fails, within its budget', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { maxLength: 30 }), fc.array(fc.nat(29), { maxLength: 3 }), fc.nat(60), (vector, matters, budget) => {
        const fails = (candidate: readonly number[]) => matters.every((index) => (candidate[index] ?? 0) === (vector[index] ?? 0));
        let runs = 0;
        const found = minimise(vector, (candidate) => ((runs += 1), fails(candidate)), budget);
        expect(fails(found)).toBe(true);
        expect(runs).toBeLessThanOrEqual(budget);
      }),
    );
  });
});
