import { TarReader } from '../../../packages/image/dist/index.js';
import { classifyName } from '../../../packages/image/dist/whiteout.js';
import { isAufsMetadata, splitEntryName } from '../../../packages/store/dist/workers/entry-name.js';
import { UnpackBudget } from '../../../packages/store/dist/workers/unpack-limits.js';
import { tarSeeds } from '../corpus/tar.mjs';
import { expectThat, Finding, refusalOf } from '../finding.mjs';
import { mutateTar } from '../mutate-tar.mjs';
import { Random } from '../random.mjs';
import { Extraction } from './extraction.mjs';

/** Of so many archives one is also unpacked for real. */
const extractedShare = 10;
const sampleEvery = 97;

/**
 * Layers: all through the reader and the plan of their paths, in memory, in one piece, in random pieces and with their
 * contents skipped; a share of them through the extractor too, into a root beside files that nothing may touch.
 */
export const archives = {
  name: 'archives',
  ending: 'tar',
  seeds: tarSeeds,
  mutate: (random, seed) => mutateTar(random, seed, tarSeeds),
  open: (folder) => new Extraction(folder),
  isExtracted: (index) => index % extractedShare === 0,
  check(bytes) {
    const whole = read(bytes, [bytes.length]);
    const pieces = read(bytes, pieceLengths(bytes));
    expectThat(whole.told === pieces.told, `in pieces it reads as ${pieces.told}, at once as ${whole.told}`);
    skipThrough(bytes);
    return whole.code ?? 'accepted';
  },
};

/** Everything the reader says of an archive, as a text. */
function read(bytes, lengths) {
  const story = new Story(bytes.length);
  const reader = new TarReader(story);
  let code;
  try {
    let start = 0;
    for (const length of lengths) {
      reader.write(counted(bytes.subarray(start, start + length)));
      start += length;
    }
    reader.end();
    story.finish();
  } catch (error) {
    code = refusalOf(error, ['ImageError', 'UnpackError']);
  }
  return { code, told: `${story.lines.join('\n')}\n${code ?? 'accepted'}` };
}

/**
 * The bytes, whose length may be asked for a few times for each of them: a reader that goes round without taking any is
 * found by that, whatever the machine's speed.
 */
function counted(bytes) {
  const { length } = bytes;
  let left = 64 + 8 * length;
  return Object.defineProperty(bytes, 'length', {
    get: () => {
      if (--left < 0) throw new Finding('the reader goes round without taking bytes');
      return length;
    },
  });
}

function pieceLengths(bytes) {
  const random = new Random(bytes.length, bytes[bytes.length >> 1], bytes[bytes.length >> 2]);
  const lengths = [];
  for (let left = bytes.length; left > 0; left -= lengths.at(-1)) {
    lengths.push(Math.min(left, random.oneIn(4) ? 1 + random.below(20) : 1 + random.below(2000)));
  }
  return lengths;
}

function skipThrough(bytes) {
  const reader = new TarReader({ entry() {}, data() {}, end() {} });
  try {
    for (let position = 0; position < bytes.length; reader.skip()) {
      const length = Math.min(512, bytes.length - position);
      reader.write(bytes.subarray(position, position + length));
      const { skippableBytes } = reader;
      expectThat(Number.isSafeInteger(skippableBytes) && skippableBytes >= 0, `${skippableBytes} bytes to skip`);
      position += length + skippableBytes;
    }
    reader.end();
  } catch (error) {
    refusalOf(error, ['ImageError']);
  }
}

/** Takes what the reader finds, holds it to what the reader promises, and plans its paths. */
class Story {
  lines = [];
  #open;
  #writtenTo = 0;
  #data = 0;
  #budget = new UnpackBudget({}, 0);

  constructor(length) {
    this.length = length;
  }

  entry(entry) {
    expectThat(this.#open === undefined, 'an entry begins before the last has ended');
    const { name, linkName, sizeBytes, uid, gid, mode } = entry;
    // oxlint-disable-next-line no-control-regex -- all but NUL are lawful in names
    for (const text of [name, linkName]) expectThat(/^[\x01-\xff]*$/.test(text), 'a name is no byte string');
    for (const number of [sizeBytes, uid, gid, mode]) expectThat(Number.isSafeInteger(number) && number >= 0, `${number} is no size or id`);
    expectThat(uid < 2 ** 32 - 1 && gid < 2 ** 32 - 1 && mode <= 0o7777, 'an id or mode is out of bounds');
    this.#open = entry;
    this.#writtenTo = 0;
    const xattrs = [...entry.xattrs].map(([key, value]) => `${key}=${value.toString('latin1')}`);
    this.lines.push(JSON.stringify([entry, xattrs]));
    this.#plan(entry);
  }

  data(bytes, position) {
    expectThat(this.#open?.type === 'file', 'content of no file');
    expectThat(bytes.length > 0 && position >= this.#writtenTo, 'content goes backwards');
    this.#writtenTo = position + bytes.length;
    this.#data += bytes.length;
    expectThat(this.#writtenTo <= this.#open.sizeBytes, 'content leaves its file');
    expectThat(this.#data <= this.length, 'there is more content than archive');
    // Some bytes stand for all, by their place in the file, so that it does not matter in which pieces they come.
    for (let at = (sampleEvery - (position % sampleEvery)) % sampleEvery; at < bytes.length; at += sampleEvery) {
      this.lines.push(`${position + at}=${bytes[at]}`);
    }
  }

  end() {
    expectThat(this.#open !== undefined, 'an end of nothing');
    const { isSparse, sizeBytes, type } = this.#open;
    if (type === 'file' && !isSparse) expectThat(this.#writtenTo === sizeBytes, 'content is missing');
    this.#open = undefined;
  }

  finish() {
    expectThat(this.#open === undefined, 'the archive ends within an entry');
  }

  #plan({ name, sizeBytes }) {
    this.#budget.addEntry(name);
    this.#budget.addLogical(sizeBytes);
    const split = splitEntryName(name);
    expectThat(!split.name.includes('/') && !['.', '..'].includes(split.name), `${JSON.stringify(split.name)} is no name`);
    const meaning = classifyName(split.name);
    if (meaning.kind === 'ignored' || isAufsMetadata(split.folder)) return;
    const target = meaning.kind === 'whiteout' ? meaning.target : split.name;
    expectThat(!target.includes('/') && !['.', '..'].includes(target), `${JSON.stringify(target)} is no name`);
    this.#budget.checkName(target);
  }
}
