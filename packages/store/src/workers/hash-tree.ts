import type { Digest } from '@keelson/image';
import { getExtendedAttribute, listExtendedAttributes } from '@keelson/os/system-calls';
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { closeSync, constants, lstatSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { bytesOfText, joined, nativePath } from './byte-path.js';
import { FileDigests } from './file-digests.js';

export interface HashTreeInput {
  /** The root of a layer. */
  readonly path: string;
  /** Of contents that need not be read, as they have just been written: what `FileDigests.pack` made. */
  readonly known?: Uint8Array;
}

export interface HashedTree {
  readonly digest: Digest;
}

const { O_NOFOLLOW, O_RDONLY } = constants;
/** One buffer for every file: the job has a thread to itself. */
let buffer: Buffer | undefined;

/**
 * A digest over everything an unpacked layer is: names, kinds, modes, owners, times, extended attributes, link targets,
 * device numbers and contents. What is pulled is checked by its diff id; what lies on the disk since then is checked by
 * this, for an archive cannot be made again from a tree to the byte.
 *
 * @throws an errno error  something cannot be read
 */
export default async function hashTree({ path, known }: HashTreeInput): Promise<HashedTree> {
  const hash = createHash('sha256');
  new TreeHash(hash, bytesOfText(path), known && FileDigests.unpack(known)).add('', '');
  return { digest: `sha256:${hash.digest('hex')}` };
}

class TreeHash {
  constructor(
    private readonly hash: Hash,
    private readonly root: string,
    private readonly known: FileDigests | undefined,
  ) {}

  /** @param below  the path below the root, which ends with `name` */
  add(below: string, name: string): void {
    const path = below === '' ? this.root : `${this.root}/${below}`;
    const status = lstatSync(nativePath(path), { bigint: true });
    const { mode, uid, gid, mtimeNs, rdev } = status;
    const size = status.isFile() ? status.size : 0n;
    const itself = `${told(name)}${told(`${mode} ${uid} ${gid} ${mtimeNs} ${rdev} ${size}`)}${attributesOf(path)}`;
    this.hash.update(`${itself}${this.#contentOf(path, below, status)}`, 'latin1');
    if (!status.isDirectory()) return;
    const names = readdirSync(nativePath(path), 'latin1').toSorted((a, b) => (a < b ? -1 : 1));
    this.hash.update(told(String(names.length)), 'latin1');
    for (const each of names) this.add(joined(below, each), each);
  }

  #contentOf(path: string, below: string, status: BigIntStats): string {
    if (status.isSymbolicLink()) return told(readlinkSync(nativePath(path), 'latin1'));
    if (!status.isFile() || status.size === 0n) return '';
    return this.known?.get(below) ?? digestOfFile(path);
  }
}

function attributesOf(path: string): string {
  const names = listExtendedAttributes(nativePath(path)).toSorted();
  const value = (name: string): string => Buffer.from(getExtendedAttribute(nativePath(path), name)).toString('latin1');
  return `${told(String(names.length))}${names.map((name) => `${told(name)}${told(value(name))}`).join('')}`;
}

function digestOfFile(path: string): string {
  const hash = createHash('sha256');
  const descriptor = openSync(nativePath(path), O_RDONLY | O_NOFOLLOW);
  buffer ??= Buffer.allocUnsafe(1 << 20);
  try {
    for (;;) {
      const length = readSync(descriptor, buffer, 0, buffer.length, null);
      if (length === 0) return hash.digest('binary');
      hash.update(buffer.subarray(0, length));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** With its length before it, so that no two trees say the same. */
function told(text: string): string {
  return `${text.length}:${text}`;
}
