import { ImageError } from '../image-error.js';
import type { TarEntry, TarEntryType } from './entry.js';
import type { TarHeader } from './header.js';
import { readDecimal, readTime } from './numbers.js';
import type { PaxRecords } from './pax.js';
import { paxName, paxXattrs } from './pax.js';

/** What earlier members of the archive say of the next: GNU long names, and PAX records. */
export interface Overrides {
  readonly gnuName: string | undefined;
  readonly gnuLinkName: string | undefined;
  readonly records: PaxRecords | undefined;
}

const noXattrs: ReadonlyMap<string, Buffer> = new Map();
/** The highest id that is not the kernel's "leave it as it is". */
const highestId = 2 ** 32 - 2;
const mostStoredBytes = 2 ** 52;

/**
 * The entry that a header and its overrides make together. GNU names win over PAX ones, as in Go's
 * `archive/tar`, whose view of a layer is the one other engines have.
 *
 * @throws ImageError TAR_INVALID  a value that cannot be
 * @throws ImageError TAR_UNSUPPORTED  a kind of member that no root filesystem has
 */
export function makeEntry(header: TarHeader, { gnuName, gnuLinkName, records }: Overrides): TarEntry {
  const name =
    gnuName ??
    override(records, 'GNU.sparse.name', paxName) ??
    override(records, 'path', paxName) ??
    header.name;
  const type = typeOf(header.typeFlag, name);
  const isLink = type === 'symlink' || type === 'hardlink';
  const isFile = type === 'file';
  const modifiedAt = override(records, 'mtime', (value) => readTime(value.toString('latin1')));
  return {
    type,
    name,
    linkName: isLink ? (gnuLinkName ?? override(records, 'linkpath', paxName) ?? header.linkName) : '',
    mode: header.mode,
    uid: checkedId(override(records, 'uid', decimal) ?? header.uid),
    gid: checkedId(override(records, 'gid', decimal) ?? header.gid),
    sizeBytes: isFile ? storedBytesOf(header, records) : 0,
    isSparse: false,
    modifiedAt: modifiedAt ?? { seconds: header.modifiedAtSeconds, nanoseconds: 0 },
    deviceMajor: header.deviceMajor,
    deviceMinor: header.deviceMinor,
    xattrs: records === undefined ? noXattrs : paxXattrs(records),
  };
}

/** How many bytes of content stand in the archive. A place behind them is still a number that a double holds. */
export function storedBytesOf(header: TarHeader, records: PaxRecords | undefined): number {
  const size = override(records, 'size', decimal) ?? header.sizeBytes;
  if (size >= 0 && size <= mostStoredBytes) return size;
  const how = size < 0 ? 'a negative size' : `a size of more than ${mostStoredBytes} bytes`;
  throw new ImageError('TAR_INVALID', `${JSON.stringify(header.name)} has ${how}`);
}

/** The value of a record, where there is one that says something. */
export function override<T>(
  records: PaxRecords | undefined,
  key: string,
  read: (value: Buffer) => T,
): T | undefined {
  const value = records?.get(key);
  return value === undefined || value.length === 0 ? undefined : read(value);
}

export function decimal(value: Buffer): number {
  return readDecimal(value.toString('latin1'));
}

/** Links, directories and devices have no content, whatever size they state (as in Go's `archive/tar`). */
export function hasContent(typeFlag: string): boolean {
  return !(typeFlag >= '1' && typeFlag <= '6');
}

function typeOf(flag: string, name: string): TarEntryType {
  switch (flag) {
    case '\0':
      // Before POSIX a directory was a file whose name ends in a slash.
      return name.endsWith('/') ? 'directory' : 'file';
    case '0':
    case '7':
    case 'S':
      return 'file';
    case '1':
      return 'hardlink';
    case '2':
      return 'symlink';
    case '3':
      return 'character';
    case '4':
      return 'block';
    case '5':
      return 'directory';
    case '6':
      return 'fifo';
    default:
      throw new ImageError(
        'TAR_UNSUPPORTED',
        `${JSON.stringify(name)} is of the unknown type ${JSON.stringify(flag)}`,
      );
  }
}

function checkedId(id: number): number {
  if (id >= 0 && id <= highestId) return id;
  throw new ImageError('TAR_INVALID', `${id} is not a user or group id`);
}
