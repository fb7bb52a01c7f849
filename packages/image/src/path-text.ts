/*
 * Names in a file system are bytes; records are JSON, which is text. Inside the unpacker a path is a
 * *byte string*, one character U+0000 to U+00FF for each byte, which is exact and cheap to compare. In
 * records it is *path text*: UTF-8 where the bytes are valid, and `%XX` for a byte that is not, and for
 * `%` itself.
 */

/** The text of a path for a record. The inverse of `decodePathText`. */
export function encodePathText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = textOf(buffer);
  if (whole !== undefined) return whole.replaceAll('%', '%25');
  let text = '';
  for (let index = 0; index < buffer.length; ) {
    const lead = buffer[index]!;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const character = textOf(buffer.subarray(index, index + length));
    text += character === undefined || character === '%' ? escaped(lead) : character;
    index += character === undefined ? 1 : length;
  }
  return text;
}

/** The bytes of a path as the file system knows it. A `%` that begins no escape stands for itself. */
export function decodePathText(text: string): Buffer {
  if (!text.includes('%')) return Buffer.from(text, 'utf8');
  const parts = text.split(/(%[0-9A-Fa-f]{2})/);
  const bytesOf = (part: string, index: number) =>
    index % 2 === 1 ? Buffer.from(part.slice(1), 'hex') : Buffer.from(part, 'utf8');
  return Buffer.concat(parts.map(bytesOf));
}

function escaped(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** `undefined` for bytes that are not UTF-8: those come out of a decoder changed. */
function textOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  return Buffer.from(text, 'utf8').equals(bytes) ? text : undefined;
}
