import { classifyName, decodePathText, encodePathText } from '@keelson/image';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('a name in a layer', () => {
  it.each([
    ['file', { kind: 'plain' }],
    ['a.wh.b', { kind: 'plain' }],
    ['.wh', { kind: 'plain' }],
    ['.wh.file', { kind: 'whiteout', target: 'file' }],
    ['.wh..hidden', { kind: 'whiteout', target: '.hidden' }],
    ['.wh....', { kind: 'whiteout', target: '...' }],
    ['.wh..wh', { kind: 'whiteout', target: '.wh' }],
    ['.wh..wh..opq', { kind: 'opaque' }],
    ['.wh..wh.plnk', { kind: 'ignored' }],
    ['.wh..wh.aufs', { kind: 'ignored' }],
  ])('%s means %j', (name, meaning) => {
    expect(classifyName(name)).toEqual(meaning);
  });

  it.each(['.wh.', '.wh..', '.wh...'])('%s is refused', (name) => {
    expect(() => classifyName(name)).toThrow(expect.objectContaining({ code: 'INVALID_WHITEOUT' }));
  });
});

describe('path text', () => {
  const tricky = fc.array(
    fc.oneof(
      fc.constantFrom('%', '%41', '%zz', 'a', 'é', '😀', '/').map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
    ),
  );

  it('gives back every byte', () => {
    fc.assert(
      fc.property(tricky, (parts) => {
        const bytes = Buffer.concat(parts);
        const text = encodePathText(bytes);
        expect(decodePathText(JSON.parse(JSON.stringify(text)) as string)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves names that are text as people read them', () => {
    expect(encodePathText(Buffer.from('usr/share/é'))).toBe('usr/share/é');
    expect(encodePathText(Buffer.from('100%'))).toBe('100%25');
    expect(encodePathText(Buffer.from([0x61, 0xff, 0x25]))).toBe('a%FF%25');
  });
});
