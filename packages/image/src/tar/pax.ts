import { ImageError } from '../image-error.js';

/** The records of a PAX header, in the order in which they stand. Keys are text, values bytes. */
export type PaxRecords = ReadonlyMap<string, Buffer>;

/**
 * Repeated pairs of `GNU.sparse.offset` and `.numbytes` (sparse format 0.0) are gathered as one map of
 * format 0.1.
 */
const sparseOffset = 'GNU.sparse.offset';
const sparseLength = 'GNU.sparse.numbytes';
export const sparseMap = 'GNU.sparse.map';

/**
 * Reads `length key=value\n` records.
 *
 * A later record of a key wins. An empty value takes the key back. Source: POSIX.1-2017 `pax`, "pax
 * Header Block".
 * @throws ImageError TAR_INVALID
 */
export function readPaxRecords(bytes: Buffer): PaxRecords {
  const records = new Map<string, Buffer>();
  const segments: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const { key, value, end } = readRecord(bytes, start);
    start = end;
    if (key === sparseOffset || key === sparseLength) gatherSegment(segments, key, value);
    else records.set(key, value);
  }
  if (segments.length > 0) records.set(sparseMap, Buffer.from(segments.join(',')));
  return records;
}

function readRecord(bytes: Buffer, start: number): { key: string; value: Buffer; end: number } {
  let index = start;
  let length = 0;
  for (; index < bytes.length && bytes[index] !== 0x20; index++) {
    const digit = bytes[index]! - 0x30;
    if (digit < 0 || digit > 9 || index - start > 9) throw malformed();
    length = length * 10 + digit;
  }
  const end = start + length;
  const equals = bytes.indexOf(0x3d, index);
  if (end > bytes.length || equals <= index + 1 || equals >= end - 1 || bytes[end - 1] !== 0x0a)
    throw malformed();
  const key = bytes.toString('utf8', index + 1, equals);
  if (key.includes('\0')) throw malformed();
  return { key, value: bytes.subarray(equals + 1, end - 1), end };
}

function gatherSegment(segments: string[], key: string, value: Buffer): void {
  const isOffset = segments.length % 2 === 0;
  if ((key === sparseOffset) !== isOffset) throw malformed();
  segments.push(value.toString('latin1'));
}

/** A value that is a name: a byte string, which no NUL may cut short. */
export function paxName(value: Buffer): string {
  if (value.includes(0)) throw new ImageError('TAR_INVALID', 'a name in a PAX header holds a NUL');
  return value.toString('latin1');
}

const schily = 'SCHILY.xattr.';
const libarchive = 'LIBARCHIVE.xattr.';

/** Extended attributes, as GNU tar, star and libarchive write them. */
export function paxXattrs(records: PaxRecords): Map<string, Buffer> {
  const xattrs = new Map<string, Buffer>();
  for (const [key, value] of records) {
    if (key.startsWith(schily)) xattrs.set(key.slice(schily.length), value);
    else if (key.startsWith(libarchive)) addLibarchive(xattrs, key.slice(libarchive.length), value);
  }
  return xattrs;
}

/**
 * libarchive writes the name URL-encoded and the value in base64, mostly beside the same thing in star's
 * way.
 */
function addLibarchive(xattrs: Map<string, Buffer>, encoded: string, value: Buffer): void {
  const name = encoded.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  if (!xattrs.has(name)) xattrs.set(name, Buffer.from(value.toString('latin1'), 'base64'));
}

function malformed(): ImageError {
  return new ImageError('TAR_INVALID', 'a PAX header is malformed');
}
