import { TarReader } from '@keelson/image';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Member } from './archive.js';
import { archive } from './archive.js';

/** Reads an archive in windows as one reads a file, passing over what lies behind each window. */
function places(bytes: Buffer, windowBytes: number): { name: string; content: Buffer }[] {
  const found: { name: string; position: number; size: number }[] = [];
  let ended = 0;
  const reader: TarReader = new TarReader({
    entry: ({ name, sizeBytes }) => found.push({ name, position: reader.contentPosition, size: sizeBytes }),
    data() {},
    end: () => void ended++,
  });
  for (let position = 0; position < bytes.length;) {
    const window = bytes.subarray(position, position + windowBytes);
    reader.write(window);
    position += window.length + reader.skippableBytes;
    reader.skip();
  }
  reader.end();
  expect(ended).toBe(found.length);
  return found.map(({ name, position, size }) => ({ name, content: bytes.subarray(position, position + size) }));
}

const member: fc.Arbitrary<Member> = fc.record(
  {
    name: fc.stringMatching(/^[a-z]{1,8}$/),
    content: fc.integer({ min: 0, max: 3000 }).map((size) => Buffer.alloc(size, size % 251)),
    pax: fc.constant([['comment', 'x'.repeat(700)]] as const),
  },
  { requiredKeys: ['name', 'content'] },
);

describe('skipping contents', () => {
  it('tells where each lies, whatever the window', () => {
    fc.assert(
      fc.property(fc.array(member, { maxLength: 8 }), fc.integer({ min: 1, max: 4000 }), (members, window) => {
        const expected = members.map(({ name, content }) => ({ name, content }));
        expect(places(archive(...members), window)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });
});
