/*
 * Writes tar archives by hand, so that tests can say what no tar program would write. Names are byte strings. A member
 * is `{ name, type?, content?, linkName?, mode?, uid?, gid?, mtime?, device?, size?, pax?, patch? }`, as
 * `packages/image/test/archive.ts` describes it.
 */

/** The archive of `members`, with its end mark. */
export function archive(...members) {
  return Buffer.concat([...members.map(member), Buffer.alloc(1024)]);
}

/** One member: its PAX header if it has one, its header and its content, padded. */
export function member(spec) {
  const content = Buffer.from(spec.content ?? '');
  const pax =
    spec.pax === undefined ? Buffer.alloc(0) : member({ name: 'pax', type: 'x', content: paxRecords(spec.pax) });
  return Buffer.concat([pax, header(spec, spec.size ?? content.length), padded(content)]);
}

/** `records` are pairs; a value may be bytes. */
export function paxRecords(records) {
  return Buffer.concat(records.map(([key, value]) => paxRecord(key, Buffer.from(value, 'latin1'))));
}

export function padded(content) {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function paxRecord(key, value) {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function header(spec, size) {
  const block = Buffer.alloc(512);
  block.write(spec.name, 0, 100, 'latin1');
  octal(block, 100, 8, spec.mode ?? 0o644);
  octal(block, 108, 8, spec.uid ?? 0);
  octal(block, 116, 8, spec.gid ?? 0);
  octal(block, 124, 12, size);
  octal(block, 136, 12, spec.mtime ?? 0);
  block.write(spec.type ?? (spec.name.endsWith('/') ? '5' : '0'), 156, 1, 'latin1');
  block.write(spec.linkName ?? '', 157, 100, 'latin1');
  block.write('ustar\x0000', 257, 8, 'latin1');
  octal(block, 329, 8, spec.device?.[0] ?? 0);
  octal(block, 337, 8, spec.device?.[1] ?? 0);
  spec.patch?.(block);
  return withChecksum(block);
}

export function withChecksum(block) {
  block.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}

function octal(block, at, length, value) {
  block.write(value.toString(8).padStart(length - 1, '0'), at, length - 1, 'latin1');
}
