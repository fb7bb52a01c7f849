import { Deferred } from '@keelson/process';
import type { Operation, SequentialModel } from '@keelson/simulation';
import { expectLinearizable, History, linearize } from '@keelson/simulation';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

type Input = { readonly write: number } | 'read';
type Entry = Operation<Input, number | null>;

const register: SequentialModel<number, Input, number | null> = {
  initial: 0,
  apply: (state, input) => (input === 'read' ? { state, output: state } : { state: input.write, output: null }),
};
const write = (value: number, askedAt: number, answeredAt?: number): Entry =>
  answeredAt === undefined ? { askedAt, input: { write: value } } : { askedAt, answeredAt, input: { write: value }, output: null };
const read = (output: number, askedAt: number, answeredAt: number): Entry => ({ askedAt, answeredAt, input: 'read', output });

describe('linearize', () => {
  it('explains overlapping operations in an order other than that of asking', () => {
    const history = [write(1, 1, 6), read(0, 2, 3), read(1, 4, 5)];
    const found = linearize(history, register);
    expect(found).toEqual({ ok: true, order: [history[1], history[0], history[2]] });
  });

  it('refuses a read that misses a write answered before it was asked', () => {
    expect(linearize([write(1, 1, 2), read(0, 3, 4)], register).ok).toBe(false);
  });

  it('refuses two readers who see two overlapping writes in opposite orders', () => {
    const history = [write(1, 1, 20), write(2, 2, 21), read(1, 3, 4), read(2, 5, 6), read(1, 7, 8)];
    expect(linearize(history, register).ok).toBe(false);
  });

  it('lets an operation without an answer happen, or not', () => {
    expect(linearize([write(1, 1), read(1, 2, 3)], register).ok).toBe(true);
    expect(linearize([write(1, 1), read(0, 2, 3)], register).ok).toBe(true);
    expect(linearize([write(1, 1), read(1, 2, 3), read(0, 4, 5)], register).ok).toBe(false);
  });

  it('tells how far an order gets, and what it cannot explain', () => {
    expect(() => expectLinearizable([write(1, 1, 2), read(7, 3, 4)], register)).toThrow(
      /begin with\n {2}\{"write":1\} asked at 1, answered null at 2\nand then none of\n {2}"read" asked at 3, answered 7 at 4/,
    );
    expect(() => expectLinearizable([], register)).not.toThrow();
  });

  it('says of any small history what trying every permutation says', () => {
    const operation = fc
      .record({ askedAt: fc.nat(8), lasts: fc.integer({ min: 1, max: 6 }), value: fc.nat(2), reads: fc.boolean(), open: fc.nat(4) })
      .map(({ askedAt, lasts, value, reads, open }): Entry => {
        if (reads) return read(value, askedAt * 10, askedAt * 10 + lasts * 10 + 5);
        return open === 0 ? write(value, askedAt * 10) : write(value, askedAt * 10, askedAt * 10 + lasts * 10 + 5);
      });
    let linearizable = 0;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (history) => {
        const expected = permutationExplains(history);
        linearizable += expected ? 1 : 0;
        expect(linearize(history, register).ok).toBe(expected);
      }),
      { numRuns: 500 },
    );
    expect(linearizable).toBeGreaterThan(50);
    expect(linearizable).toBeLessThan(450);
  });

  it('does not try the same thing twice: ten overlapping writes are explained or refused at once', () => {
    const writes = Array.from({ length: 10 }, (_, index) => write(index % 2, index, 100));
    let applied = 0;
    const counted = { ...register, apply: (state: number, input: Input) => ((applied += 1), register.apply(state, input)) };
    expect(linearize([...writes, read(7, 101, 102)], counted).ok).toBe(false);
    // 10! orders, but only 2^10 sets of writes done with two states each.
    expect(applied).toBeLessThan(2 ** 10 * 2 * 11);
  });
});

/** The definition, spelled out. */
function permutationExplains(left: readonly Entry[], state = 0): boolean {
  if (left.every(({ answeredAt }) => answeredAt === undefined)) return true;
  return left.some((entry, index) => {
    const others = left.filter((_, other) => other !== index);
    if (others.some(({ answeredAt }) => answeredAt !== undefined && answeredAt < entry.askedAt)) return false;
    const next = register.apply(state, entry.input);
    if (entry.answeredAt !== undefined && next.output !== entry.output) return false;
    return permutationExplains(others, next.state);
  });
}

describe('History', () => {
  it('notes when each was asked and answered, and leaves open what failed', () => {
    const history = new History<string, number>();
    const [one, two] = [new Deferred<number>(), new Deferred<number>()];
    history.note('one', one.future);
    history.note('two', two.future);
    two.set(2);
    one.fail(new Error('no'));
    expect(history.operations).toEqual([
      { askedAt: 1, input: 'one' },
      { askedAt: 2, answeredAt: 3, input: 'two', output: 2 },
    ]);
  });
});
