/** Writes tar archives by hand, so that tests can say what no tar program would write. Names are byte strings. */
export interface Member {
  readonly name: string;
  /** Default `0`, a file; `5` where there is no type and the name ends in a slash. */
  readonly type?: string;
  readonly content?: Buffer | string;
  readonly linkName?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly device?: readonly [major: number, minor: number];
  /** Stated instead of the size of the content. */
  readonly size?: number;
  /** Written as a PAX header before the member. Values are byte strings. */
  readonly pax?: readonly (readonly [key: string, value: string])[];
  /** Changes the finished header block; the checksum is made after it. */
  readonly patch?: (header: Buffer) => void;
}

/** The archive of `members`, with its end mark. */
export function archive(...members: readonly Member[]): Buffer {
  return Buffer.concat([...members.map(member), Buffer.alloc(1024)]);
}

/** One member: its PAX header if it has one, its header and its content, padded. */
export function member(spec: Member): Buffer {
  const content = Buffer.from(spec.content ?? '');
  const pax =
    spec.pax === undefined
      ? Buffer.alloc(0)
      : member({ name: 'pax', type: 'x', content: paxRecords(spec.pax) });
  return Buffer.concat([pax, header(spec, spec.size ?? content.length), padded(content)]);
}

export function paxRecords(records: readonly (readonly [key: string, value: string])[]): Buffer {
  return Buffer.concat(records.map(([key, value]) => paxRecord(key, Buffer.from(value, 'latin1'))));
}

export function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function paxRecord(key: string, value: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = body.length;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

function header(spec: Member, size: number): Buffer {
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

export function withChecksum(block: Buffer): Buffer {
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1');
  return block;
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), at, length - 1, 'latin1');
}
