import { TraceRing } from '@keelson/inspector';
import type { TraceRecord } from '@keelson/process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const numbered = (index: number) => ({ index }) as unknown as TraceRecord;

describe('TraceRing', () => {
  it('keeps the newest records in order and counts the rest, whatever came', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.nat(100), (capacity, count) => {
        const ring = new TraceRing(capacity);
        const all = Array.from({ length: count }, (_, index) => numbered(index));

        for (const trace of all) ring.record(trace);

        expect(ring.records()).toEqual(all.slice(Math.max(0, count - capacity)));
        expect(ring.dropped).toBe(Math.max(0, count - capacity));
      }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, 1_000_001])('refuses a capacity of %s', (capacity) => {
    expect(() => new TraceRing(capacity)).toThrow(RangeError);
  });
});
