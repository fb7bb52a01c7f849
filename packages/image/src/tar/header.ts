import { ImageError } from '../image-error.js';
import { readNumber } from './numbers.js';

export const blockSize = 512;

/** A header block as it stands, before any override. Fields that a format lacks are empty or 0. */
export interface TarHeader {
  readonly typeFlag: string;
  readonly name: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedAtSeconds: number;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
}

/**
 * Reads one block of 512 bytes; `undefined` for a block of zeros, which marks the end.
 *
 * Sources: POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU tar `tar.h`.
 * @throws ImageError TAR_INVALID  a wrong checksum or a field that cannot be read
 */
export function readHeader(block: Buffer): TarHeader | undefined {
  const sums = checksums(block);
  if (sums === undefined) return undefined;
  const stated = readNumber(block, 148, 8);
  if (stated !== sums.unsigned && stated !== sums.signed) {
    throw new ImageError(
      'TAR_INVALID',
      'a tar header has the wrong checksum: this is not a tar archive, or it is damaged',
    );
  }
  const isUstar = isMagic(block);
  // Version 00 is that of POSIX. GNU has another, and keeps other things where the prefix is.
  const hasPrefix = isUstar && block[263] === 0x30;
  const name = readText(block, 0, 100);
  const folder = hasPrefix ? readText(block, 345, 155) : '';
  return {
    typeFlag: String.fromCharCode(block[156]!),
    name: folder === '' ? name : `${folder}/${name}`,
    linkName: readText(block, 157, 100),
    mode: readNumber(block, 100, 8) & 0o7777,
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    sizeBytes: readNumber(block, 124, 12),
    modifiedAtSeconds: readNumber(block, 136, 12),
    deviceMajor: isUstar ? readNumber(block, 329, 8) : 0,
    deviceMinor: isUstar ? readNumber(block, 337, 8) : 0,
  };
}

/** Text of a field that ends at its first NUL or with the field, as a byte string. */
export function readText(block: Buffer, start: number, length: number): string {
  let end = start;
  while (end < start + length && block[end] !== 0) end++;
  return block.toString('latin1', start, end);
}

/** The checksum field itself counts as eight blanks. */
const blankChecksum = 8 * 0x20;

/** Old writers summed signed characters, so both sums are accepted. `undefined` for nothing but zeros. */
function checksums(block: Buffer): { unsigned: number; signed: number } | undefined {
  let sum = 0;
  let high = 0;
  for (let index = 0; index < blockSize; index++) {
    const byte = block[index]!;
    sum += byte;
    high += byte >> 7;
  }
  if (sum === 0) return undefined;
  for (let index = 148; index < 156; index++) {
    sum -= block[index]!;
    high -= block[index]! >> 7;
  }
  const unsigned = sum + blankChecksum;
  return { unsigned, signed: unsigned - 256 * high };
}

/** `ustar`, of POSIX and GNU alike. */
function isMagic(block: Buffer): boolean {
  return (
    block[257] === 0x75 &&
    block[258] === 0x73 &&
    block[259] === 0x74 &&
    block[260] === 0x61 &&
    block[261] === 0x72
  );
}
