import type { SimulationError } from '@keelson/simulation';
import { simulate } from '@keelson/simulation';
import { describe, expect, it } from 'vitest';
import { racyTinyStore, rightTinyStore, tinyOptions } from './tiny-store.js';

describe('a store of a few lines', () => {
  it('keeps what is asked for beside a prune when it roots before it looks', () => {
    expect(simulate(rightTinyStore, { ...tinyOptions, runs: 3_000, seed: 1 }).runs).toBe(3_000);
  });

  it('loses it when it roots after the look, and every one of twenty seeds finds that', () => {
    const found = Array.from({ length: 20 }, (_, seed) => {
      try {
        simulate(racyTinyStore, { ...tinyOptions, runs: 2_000, seed });
        return 'nothing';
      } catch (error) {
        return (error as SimulationError).name;
      }
    });
    expect(found).toEqual(Array.from({ length: 20 }, () => 'SimulationError'));
  });
});
