/*
 * Byte strings: one character, U+0000 to U+00FF, for each byte of a name. They compare and concatenate as
 * strings do, and are exact for names that are no text.
 */
import { decodePathText, encodePathText } from '@keelson/image';

// oxlint-disable-next-line no-control-regex -- they are lawful in names
const ascii = /^[\x01-\x7f]*$/;

/** The form in which `node:fs` and our system calls take a byte string. */
export function nativePath(path: string): string | Buffer {
  return ascii.test(path) ? path : Buffer.from(path, 'latin1');
}

/** The byte string of a path that is text, as configuration and callers have it. */
export function bytesOfText(path: string): string {
  return ascii.test(path) ? path : Buffer.from(path, 'utf8').toString('latin1');
}

/** The byte string of a path in a record (`path-text.ts` of the image package). */
export function bytesOfRecord(path: string): string {
  return decodePathText(path).toString('latin1');
}

/** How a byte string stands in a record, and in messages. */
export function recordOfBytes(path: string): string {
  return encodePathText(Buffer.from(path, 'latin1'));
}

/** `name` below `folder`; the root is the empty path. */
export function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The folder of a path below the root; the empty path for what stands at the top. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** The last component. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
