import type { ImageError } from '@keelson/image';
import { JsonCursor } from '@keelson/image';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const parse = (text: string): JsonCursor => JsonCursor.parse(Buffer.from(text), 'document', 'INVALID_MANIFEST');
const refusal = (text: string): string => {
  try {
    parse(text);
  } catch (error) {
    return (error as ImageError).message;
  }
  return 'accepted';
};

describe('the structure of a document', () => {
  it.each([
    '{"a":1,"a":2}',
    '{"a":1,"b":{"c":1,"c":1}}',
    '{"b":[{"a":[],"x":"\\"a","a":{}}]}',
    String.raw`{"digest":1,"d\u0069gest":2}`,
  ])('may not have a name twice: %s', (text) => {
    expect(refusal(text)).toContain('twice');
  });

  it.each(['{"a":{"a":{"a":1}},"b":["a","a"]}', '{"a":"a","b":"a,\\"a\\":"}'])('may have it in two places: %s', (text) => {
    expect(refusal(text)).toBe('accepted');
  });

  it('may nest as deep as the limit and no deeper', () => {
    const nested = (depth: number): string => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    expect(refusal(nested(64))).toBe('accepted');
    expect(refusal(nested(65))).toContain('deeper');
    expect(refusal(`{"a":${'['.repeat(1_000_000)}`)).toContain('deeper');
  });

  it('of whatever is written by a serialiser is fine', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 5 })), (value) => {
        expect(refusal(JSON.stringify(value))).toBe('accepted');
      }),
    );
  });

  it('of garbage is left to the parser', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{', '}', '[', ']', '"', ',', ':', '\\', 'a') }), (text) => {
        expect(refusal(text)).toBeTypeOf('string');
      }),
    );
  });
});
