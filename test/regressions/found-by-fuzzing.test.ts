import { createHash } from 'node:crypto';
import { parseReference, TarReader } from '@keelson/image';
import { decodeRecord } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { archive } from '../../packages/image/test/archive.js';
import { codeOf, LayerBench, scratchFolder } from '../../packages/store/test/workers/layers.js';

const bench = new LayerBench(scratchFolder('fuzzed'));

/** Inputs that `npm run fuzz` came upon, reduced to what mattered. */
describe('what fuzzing found', () => {
  const anything = { name: 'anything', version: 1, parse: (payload: unknown) => payload };

  /** Was a RangeError out of JSON.stringify, of a function that promises never to throw. */
  it.each(['right', 'wrong'])('a record too deep to be written again is damaged: its checksum is %s', (which) => {
    const payload = '['.repeat(20_000) + ']'.repeat(20_000);
    const right = createHash('sha256').update(payload).digest('hex');
    const checksum = which === 'right' ? right : right.replaceAll('0', '1');
    const text = `{"format":"anything","version":1,"checksum":"sha256:${checksum}","payload":${payload}}\n`;
    expect(decodeRecord(anything, text)).toMatchObject({ ok: false, problem: 'CORRUPT' });
  });

  it('brackets within the texts of a record nest nothing', () => {
    const payload = JSON.stringify({ text: '[{"'.repeat(100) });
    const checksum = createHash('sha256').update(payload).digest('hex');
    const text = `{"format":"anything","version":1,"checksum":"sha256:${checksum}","payload":${payload}}\n`;
    expect(decodeRecord(anything, text)).toMatchObject({ ok: true });
  });

  /** Made the place of the next member a number that a double does not hold. */
  it('a member that claims the most bytes a double counts is refused', () => {
    const reader = new TarReader({ entry() {}, data() {}, end() {} });
    const tar = archive({ name: 'x', pax: [['size', String(Number.MAX_SAFE_INTEGER)]] });
    expect(() => reader.write(tar)).toThrow(expect.objectContaining({ code: 'TAR_INVALID' }));
  });

  /** Was accepted, and its canonical text, which is longer by its tag, was not. */
  it('a reference with a registry of a thousand letters is refused', () => {
    expect(() => parseReference(`a.${'b'.repeat(1010)}/c`)).toThrow(expect.objectContaining({ code: 'INVALID_REFERENCE' }));
    expect(parseReference(`${'b'.repeat(60)}.${'c'.repeat(190)}:65535/c`)).toMatchObject({ tag: 'latest' });
  });

  /** Was the kernel's ENAMETOOLONG, with all of the target in its message. */
  it.each([
    [4095, 'accepted'],
    [4096, 'LAYER_LIMIT'],
  ])('a symbolic link with a target of %d bytes: %s', async (length, code) => {
    const link = archive({ name: 'x', type: '2', pax: [['linkpath', 'a'.repeat(length)]] });
    expect(await codeOf(bench.unpack(link))).toBe(code);
  });
});
