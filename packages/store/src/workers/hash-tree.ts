import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { getExtendedAttribute, listExtendedAttributes } from '@keelson/os/system-calls';
import type { Digest } from '@keelson/image';
import { bytesOfText, nativePath } from './byte-path.js';

export interface HashTreeInput {
  /** The root of a layer. */
  readonly path: string;
}

export interface HashedTree {
  readonly digest: Digest;
}

const { O_NOFOLLOW, O_RDONLY } = constants;
/** One buffer for every file: the job has a thread to itself. */
const buffer = Buffer.allocUnsafe(1 << 20);

/**
 * A digest over everything an unpacked layer is: names, kinds, modes, owners, times, extended attributes, link targets,
 * device numbers and contents. What is pulled is checked by its diff id; what lies on the disk since then is checked by
 * this, for an archive cannot be made again from a tree to the byte.
 *
 * @throws an errno error  something cannot be read
 */
export default async function hashTree({ path }: HashTreeInput): Promise<HashedTree> {
  const hash = createHash('sha256');
  hashNode(hash, bytesOfText(path), '');
  return { digest: `sha256:${hash.digest('hex')}` };
}

function hashNode(hash: Hash, path: string, name: string): void {
  const status = lstatSync(nativePath(path), { bigint: true });
  const { mode, uid, gid, mtimeNs, rdev } = status;
  const size = status.isFile() ? status.size : 0n;
  tell(hash, name);
  tell(hash, [mode, uid, gid, mtimeNs, rdev, size].join(' '));
  hashAttributes(hash, path);
  if (status.isDirectory()) hashDirectory(hash, path);
  else if (status.isSymbolicLink()) tell(hash, readlinkSync(nativePath(path), 'latin1'));
  else if (status.isFile()) hashContent(hash, path, status);
}

function hashDirectory(hash: Hash, path: string): void {
  const names = readdirSync(nativePath(path), 'latin1').toSorted((a, b) => (a < b ? -1 : 1));
  tell(hash, String(names.length));
  for (const name of names) hashNode(hash, `${path}/${name}`, name);
}

function hashAttributes(hash: Hash, path: string): void {
  const names = listExtendedAttributes(nativePath(path)).toSorted();
  tell(hash, String(names.length));
  for (const name of names) {
    tell(hash, name);
    tell(hash, Buffer.from(getExtendedAttribute(nativePath(path), name)).toString('latin1'));
  }
}

function hashContent(hash: Hash, path: string, { size }: BigIntStats): void {
  if (size === 0n) return;
  const descriptor = openSync(nativePath(path), O_RDONLY | O_NOFOLLOW);
  try {
    for (;;) {
      const length = readSync(descriptor, buffer, 0, buffer.length, null);
      if (length === 0) return;
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** With its length before it, so that no two trees say the same. */
function tell(hash: Hash, text: string): void {
  hash.update(`${text.length}:${text}`, 'latin1');
}
