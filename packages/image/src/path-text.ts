/*
 * Names in a file system are bytes; records are JSON, which is text. Inside the unpacker a path is a
 * *byte string*, one character U+0000 to U+00FF for each byte, which is exact and cheap to compare. In
 * records it is *path text*: UTF-8 where the bytes are valid, and `%XX` for a byte that is not, and for
 * `%` itself.
 */
import { isUtf8 } from 'node:buffer';

/** The text of a path for a record. The inverse of `decodePathText`. */
export function encodePathText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8').replaceAll('%', '%25');
  let text = '';
  for (let index = 0; index < buffer.length;) {
    const length = sequenceLength(buffer, index);
    text +=
      length === 0 ? escaped(buffer[index]!) : unescaped(buffer.toString('utf8', index, index + length));
    index += Math.max(length, 1);
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

function unescaped(character: string): string {
  return character === '%' ? '%25' : character;
}

function escaped(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** How many bytes from `index` make one valid character; 0 if they make none. */
function sequenceLength(buffer: Buffer, index: number): number {
  const lead = buffer[index]!;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const sequence = buffer.subarray(index, index + length);
  return sequence.length === length && isUtf8(sequence) ? length : 0;
}
