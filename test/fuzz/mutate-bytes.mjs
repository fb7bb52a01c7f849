const hardBytes = [0, 1, 0x0a, 0x20, 0x2f, 0x2e, 0x22, 0x5c, 0x7f, 0x80, 0xc0, 0xff];
const mostBytes = 64 * 1024;

const operations = [
  (random, bytes) => {
    const changed = Buffer.from(bytes);
    if (bytes.length > 0) changed[random.below(bytes.length)] ^= 1 << random.below(8);
    return changed;
  },
  (random, bytes) => {
    const changed = Buffer.from(bytes);
    if (bytes.length > 0) changed[random.below(bytes.length)] = random.pick(hardBytes);
    return changed;
  },
  (random, bytes) => bytes.subarray(0, random.below(bytes.length + 1)),
  (random, bytes) => without(bytes, ...stretch(random, bytes)),
  (random, bytes) => {
    const [start, end] = stretch(random, bytes);
    return inserted(bytes, random.below(bytes.length + 1), bytes.subarray(start, end));
  },
  (random, bytes) => {
    const [start, end] = stretch(random, bytes);
    const count = 1 + random.below(random.oneIn(10) ? 2000 : 8);
    const many = Buffer.alloc(Math.min((end - start) * count, mostBytes), bytes.subarray(start, end));
    return inserted(bytes, start, many);
  },
  (random, bytes, { words }) =>
    inserted(bytes, random.below(bytes.length + 1), Buffer.from(random.pick(words), 'latin1')),
  (random, bytes, { words }) => {
    const [start, end] = stretch(random, bytes);
    return inserted(without(bytes, start, end), start, Buffer.from(random.pick(words), 'latin1'));
  },
  (random, bytes, { seeds }) => {
    const other = random.pick(seeds);
    const kept = bytes.subarray(0, random.below(bytes.length + 1));
    return Buffer.concat([kept, other.subarray(random.below(other.length + 1))]);
  },
];

/**
 * Changes `bytes` some times: bits, hard bytes, cuts, repeated stretches, words of the target's language, and splices
 * with another seed.
 */
export function mutateBytes(random, bytes, { words, seeds }) {
  let changed = bytes;
  for (let count = 1 + random.below(6); count > 0; count--) {
    changed = random.pick(operations)(random, changed, { words, seeds });
  }
  return changed.length > mostBytes ? changed.subarray(0, mostBytes) : changed;
}

function stretch(random, bytes) {
  const start = random.below(bytes.length + 1);
  const most = random.oneIn(4) ? bytes.length - start : Math.min(bytes.length - start, 16);
  return [start, start + random.below(most + 1)];
}

function without(bytes, start, end) {
  return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)]);
}

function inserted(bytes, at, more) {
  return Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]);
}
