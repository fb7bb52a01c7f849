import type { ImageError } from '@keelson/image';
import { chainIds, digestOf, hexOf, isDigest, parseDigest } from '@keelson/image';
import * as fc from 'fast-check';
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

describe('a digest', () => {
  it('is what sha256sum prints', () => {
    expect(digestOf(Buffer.from('abc'))).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('is accepted in sha256 and sha512, and gives its hex digits', () => {
    fc.assert(
      fc.property(hex(64), hex(128), (short, long) => {
        expect(hexOf(parseDigest(`sha256:${short}`))).toBe(short);
        expect(hexOf(parseDigest(`sha512:${long}`))).toBe(long);
      }),
    );
  });

  it.each([
    '',
    'sha256:',
    `sha256:${'a'.repeat(63)}`,
    `sha256:${'a'.repeat(65)}`,
    `sha256:${'A'.repeat(64)}`,
    `sha512:${'a'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    `sha256:${'a'.repeat(64)}\n`,
    `sha256:../../${'a'.repeat(58)}`,
    'a'.repeat(64),
  ])('refuses %j', (text) => {
    expect(isDigest(text)).toBe(false);
    expect(() => parseDigest(text)).toThrow(expect.objectContaining({ code: 'INVALID_DIGEST' }));
  });

  it('never puts more than a few lines of what was refused into the message', () => {
    const error = (() => {
      try {
        return parseDigest('x'.repeat(100_000));
      } catch (thrown) {
        return thrown as ImageError;
      }
    })();
    expect(String(error).length).toBeLessThan(500);
  });
});

describe('chain ids', () => {
  const diffs = ['a', 'b', 'c'].map((letter) => parseDigest(`sha256:${letter.repeat(64)}`));
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

  it('begin with the base diff id and hash each layer over the chain below it', () => {
    const second = sha256(`sha256:${'a'.repeat(64)} sha256:${'b'.repeat(64)}`);
    const third = sha256(`sha256:${second} sha256:${'c'.repeat(64)}`);
    expect(chainIds(diffs)).toEqual(['a'.repeat(64), second, third]);
  });

  it('tell the same diff over two bases apart', () => {
    const [base, other, top] = diffs as [never, never, never];
    expect(chainIds([base, top])[1]).not.toBe(chainIds([other, top])[1]);
  });
});
