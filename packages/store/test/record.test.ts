import type { RecordFormat } from '@keelson/store';
import { decodeRecord, encodeRecord } from '@keelson/store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const format: RecordFormat<unknown> = { name: 'test.record', version: 2, parse: (payload) => payload };

describe('records', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const expected: unknown = JSON.parse(JSON.stringify(value));
        expect(decodeRecord(format, encodeRecord(format, value))).toEqual({ ok: true, value: expected });
      }),
    );
  });

  it('are one line that says what it is', () => {
    const text = Buffer.from(encodeRecord(format, { a: 1 })).toString();
    expect(text).toMatch(
      /^\{"format":"test.record","version":2,"checksum":"sha256:[0-9a-f]{64}","payload":\{"a":1\}\}\n$/,
    );
  });

  it('are refused, never thrown, when any byte is changed or the end is missing', () => {
    const whole = encodeRecord(format, { name: 'layer', sizes: [1, 2, 3] });
    fc.assert(
      fc.property(fc.nat(whole.length - 2), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Uint8Array.from(whole, (byte, index) => (index === at ? byte ^ change : byte));
        expect(decodeRecord(format, damaged)).not.toMatchObject({ ok: true });
        expect(decodeRecord(format, whole.subarray(0, at))).toMatchObject({ ok: false });
      }),
    );
  });

  it('say whether they are empty, of the future, or of another kind', () => {
    expect(decodeRecord(format, '')).toMatchObject({ ok: false, problem: 'EMPTY' });
    expect(decodeRecord(format, '\n \n')).toMatchObject({ ok: false, problem: 'EMPTY' });
    const later = encodeRecord({ ...format, version: 3 }, {});
    expect(decodeRecord(format, later)).toMatchObject({ ok: false, problem: 'FUTURE' });
    const other = encodeRecord({ ...format, name: 'test.other' }, {});
    expect(decodeRecord(format, other)).toMatchObject({ ok: false, problem: 'CORRUPT' });
  });

  it('hand an older version to the parser, and turn what it throws into a refusal', () => {
    const parse = (payload: unknown, version: number): unknown => {
      if (version < 2) return { upgraded: payload };
      throw new Error('name is not a text');
    };
    const strict = { ...format, parse };
    expect(decodeRecord(strict, encodeRecord({ ...format, version: 1 }, 7))).toEqual({
      ok: true,
      value: { upgraded: 7 },
    });
    expect(decodeRecord(strict, encodeRecord(format, 7))).toEqual({
      ok: false,
      problem: 'CORRUPT',
      why: 'name is not a text',
    });
  });
});
