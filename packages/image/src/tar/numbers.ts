import { ImageError } from '../image-error.js';
import type { TarTime } from './entry.js';

/**
 * A number of a header field: octal digits, or base-256 where the first bit is set (GNU, for what octal
 * cannot hold).
 *
 * @throws ImageError TAR_INVALID  anything else, or more than a double holds exactly
 */
export function readNumber(block: Buffer, start: number, length: number): number {
  return block[start]! & 0x80 ? readBase256(block, start, length) : readOctal(block, start, length);
}

/** A blank field counts as 0, as everywhere. */
function readOctal(block: Buffer, start: number, length: number): number {
  let index = start;
  let end = start + length;
  while (index < end && isBlank(block[index]!)) index++;
  while (end > index && isBlank(block[end - 1]!)) end--;
  let value = 0;
  for (; index < end; index++) {
    const digit = block[index]! - 0x30;
    if (digit < 0 || digit > 7) return endOfOctal(block, index, value);
    value = value * 8 + digit;
  }
  return safe(value);
}

/** Some writers leave rubbish behind the NUL that ends the digits. */
function endOfOctal(block: Buffer, index: number, value: number): number {
  if (isBlank(block[index]!)) return safe(value);
  throw new ImageError(
    'TAR_INVALID',
    `a tar header has ${JSON.stringify(String.fromCharCode(block[index]!))} in a number`,
  );
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

/** Two's complement, big end first; the first bit is the mark and the second one the sign. */
function readBase256(block: Buffer, start: number, length: number): number {
  const isNegative = (block[start]! & 0x40) !== 0;
  let value = isNegative ? (block[start]! & 0x7f) - 0x80 : block[start]! & 0x7f;
  for (let index = start + 1; index < start + length; index++) value = value * 256 + block[index]!;
  return safe(value);
}

/** A decimal count of a PAX record. */
export function readDecimal(text: string): number {
  if (!/^[0-9]{1,16}$/.test(text))
    throw new ImageError('TAR_INVALID', `${JSON.stringify(text.slice(0, 40))} is not a number`);
  return safe(Number(text));
}

/**
 * A time of a PAX record: seconds with a fraction, negative before the epoch. Digits below a nanosecond
 * are cut.
 */
export function readTime(text: string): TarTime {
  const found = /^(-?)([0-9]{1,16})(?:\.([0-9]{0,40}))?$/.exec(text);
  if (found === null)
    throw new ImageError('TAR_INVALID', `${JSON.stringify(text.slice(0, 40))} is not a time`);
  const seconds = safe(Number(found[2]));
  const nanoseconds = Number((found[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (found[1] === '') return { seconds, nanoseconds };
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}

function safe(value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw new ImageError('TAR_INVALID', 'a number in a tar header is too large');
}
