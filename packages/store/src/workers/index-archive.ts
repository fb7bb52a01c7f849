import type { LayerCompression, TarEntry } from '@keelson/image';
import { ImageError, TarReader } from '@keelson/image';
import { closeSync, constants, fstatSync, mkdirSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreError } from '../store-error.js';
import { openBlob, uncompressed } from './uncompressed.js';

/** What `store.index-archive` is asked to do. Plain data. */
export interface IndexArchiveInput {
  /** A regular file: a tar archive, packed or not. */
  readonly path: string;
  /**
   * A new file in a new directory, made only if the archive is packed: members are read in place, which takes
   * plain bytes.
   */
  readonly plainPath: string;
  readonly limits?: Partial<ArchiveLimits>;
}

/** What an archive may cost before anything of it is used. */
export interface ArchiveLimits {
  readonly maxUnpackedBytes: number;
  /** Uncompressed by compressed size, once more than `ratioFloorBytes` came out. */
  readonly maxRatio: number;
  readonly ratioFloorBytes: number;
  readonly maxMembers: number;
  readonly maxNameBytes: number;
}

const gibibyte = 2 ** 30;

export const defaultArchiveLimits: ArchiveLimits = {
  maxUnpackedBytes: 256 * gibibyte,
  maxRatio: 200,
  ratioFloorBytes: gibibyte,
  maxMembers: 100_000,
  maxNameBytes: 1024,
};

/** A file or link of an archive. Nothing is ever unpacked under these names. */
export interface ArchiveMember {
  /** Without `./` and slashes at the front. */
  readonly name: string;
  /** Set for links: the text of a symbolic one, the member's name of a hard one. */
  readonly link?: { readonly target: string; readonly hard: boolean };
  readonly position: number;
  readonly sizeBytes: number;
  readonly compression: LayerCompression;
  /** With holes, so that its content does not lie there in one piece. */
  readonly sparse?: true;
}

export interface ArchiveIndex {
  /** Where the positions hold: the archive, or its plain copy. */
  readonly path: string;
  readonly members: readonly ArchiveMember[];
}

/**
 * Lists the members of a tar archive and where their contents lie, passing over the contents. A packed one is
 * unpacked into `plainPath` first, with flat memory; on failure its directory is gone.
 *
 * @throws StoreError ARCHIVE_INVALID, LIMIT_EXCEEDED
 */
export default async function indexArchive(input: IndexArchiveInput): Promise<ArchiveIndex> {
  const limits = { ...defaultArchiveLimits, ...input.limits };
  const { compression } = openBlob(input.path);
  const path = compression === 'none' ? input.path : input.plainPath;
  try {
    if (compression !== 'none') await unpackTo(input, limits);
    return { path, members: membersOf(path, limits) };
  } catch (error) {
    if (compression !== 'none') rmSync(dirname(input.plainPath), { recursive: true, force: true });
    if (!(error instanceof ImageError)) throw error;
    const why = `${input.path} is no tar archive: ${error.message}`;
    throw new StoreError('ARCHIVE_INVALID', why, { cause: error });
  }
}

async function unpackTo({ path, plainPath }: IndexArchiveInput, limits: ArchiveLimits): Promise<void> {
  const blob = openBlob(path);
  mkdirSync(dirname(plainPath), { recursive: true });
  const target = openSync(plainPath, 'wx', 0o600);
  try {
    let written = 0;
    for await (const chunk of uncompressed(blob)) {
      const ceiling = Math.min(
        limits.maxUnpackedBytes,
        Math.max(limits.ratioFloorBytes, blob.sizeBytes * limits.maxRatio),
      );
      if (written + chunk.length > ceiling) {
        throw new StoreError('LIMIT_EXCEEDED', `${path} unpacks to more than ${ceiling} bytes`);
      }
      for (let done = 0; done < chunk.length;) done += writeSync(target, chunk, done);
      written += chunk.length;
    }
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'LAYER_CORRUPT') throw error;
    const why = (error as Error).message.replace('the layer', 'it');
    throw new StoreError('ARCHIVE_INVALID', `${path} is damaged: ${why}`, { cause: error });
  } finally {
    closeSync(target);
  }
}

function membersOf(path: string, limits: ArchiveLimits): ArchiveMember[] {
  // Should a pipe have taken the file's place, opening it must not wait for a writer.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new StoreError('ARCHIVE_INVALID', `${path} is not a regular file`);
    const members: Omit<ArchiveMember, 'compression'>[] = [];
    const reader: TarReader = new TarReader({
      entry: (entry) => {
        const member = memberOf(entry, reader.contentPosition);
        if (!member) return;
        members.push(member);
        if (members.length > limits.maxMembers || member.name.length > limits.maxNameBytes) {
          const most = `${limits.maxMembers} members, or a name of more than ${limits.maxNameBytes} characters`;
          throw new StoreError('LIMIT_EXCEEDED', `${path} has more than ${most}`);
        }
      },
      data() {},
      end() {},
    });
    readThrough(descriptor, status.size, reader);
    return members.map((member) => ({ ...member, compression: compressionOf(path, member) }));
  } finally {
    closeSync(descriptor);
  }
}

/** Reads headers, and of contents only what lies in the same window. */
function readThrough(descriptor: number, sizeBytes: number, reader: TarReader): void {
  const window = Buffer.allocUnsafe(64 * 1024);
  for (let position = 0; position < sizeBytes;) {
    const bytesRead = readSync(descriptor, window, 0, window.length, position);
    if (bytesRead === 0) break;
    reader.write(window.subarray(0, bytesRead));
    position += bytesRead + reader.skippableBytes;
    if (position > sizeBytes) break;
    reader.skip();
  }
  reader.end();
}

function memberOf(entry: TarEntry, position: number): Omit<ArchiveMember, 'compression'> | undefined {
  const name = textOf(entry.name);
  const place = { name: name.replace(/^(?:\.?\/)+/, ''), position, sizeBytes: entry.sizeBytes };
  if (entry.type === 'file') return { ...place, ...(entry.isSparse && { sparse: true as const }) };
  if (entry.type !== 'symlink' && entry.type !== 'hardlink') return undefined;
  return { ...place, link: { target: textOf(entry.linkName), hard: entry.type === 'hardlink' } };
}

/** The names that matter are ASCII; any other only has to be told apart. */
function textOf(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString();
}

function compressionOf(path: string, { link, sparse, ...slice }: Omit<ArchiveMember, 'compression'>) {
  return link || sparse || slice.sizeBytes < 4 ? 'none' : openBlob(path, slice).compression;
}
