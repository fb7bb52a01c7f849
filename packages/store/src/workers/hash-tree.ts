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
  /** Nobody has set extended attributes on any node, so what a look here and there does not find is not there. */
  readonly plain?: boolean;
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
export default async function hashTree({ path, known, plain = false }: HashTreeInput): Promise<HashedTree> {
  const hash = createHash('sha256');
  new TreeHash(hash, bytesOfText(path), known && FileDigests.unpack(known), plain).add('', '');
  return { digest: `sha256:${hash.digest('hex')}` };
}

/** Of so many files the attributes are read even where nobody has set any: the file system may give some to all. */
const filesLookedAt = 100;

class TreeHash {
  #files = 0;
  /** Whether every node without attributes may be taken to have none because no other has. */
  #plain: boolean;

  constructor(
    private readonly hash: Hash,
    private readonly root: string,
    private readonly known: FileDigests | undefined,
    plain: boolean,
  ) {
    this.#plain = plain;
  }

  /**
   * @param below    the path below the root, which ends with `name`
   * @param digests  of the files in the same folder
   */
  add(below: string, name: string, digests?: ReadonlyMap<string, string>): void {
    const path = below === '' ? this.root : `${this.root}/${below}`;
    const status = lstatSync(nativePath(path), { bigint: true });
    const { mode, uid, gid, mtimeNs, rdev } = status;
    const size = status.isFile() ? status.size : 0n;
    const attributes = this.#attributesOf(path, status);
    const itself = `${told(name)}${told(`${mode} ${uid} ${gid} ${mtimeNs} ${rdev} ${size}`)}${attributes}`;
    this.hash.update(`${itself}${contentOf(path, status, digests?.get(name))}`, 'latin1');
    if (!status.isDirectory()) return;
    const names = readdirSync(nativePath(path), 'latin1').toSorted((a, b) => (a < b ? -1 : 1));
    this.hash.update(told(String(names.length)), 'latin1');
    const inside = this.known?.inFolder(below);
    for (const each of names) this.add(joined(below, each), each, inside);
  }

  /** What a directory hands on to what is made in it (an access list) it has itself. */
  #attributesOf(path: string, status: BigIntStats): string {
    if (this.#plain && !status.isDirectory() && ++this.#files > filesLookedAt) return noAttributes;
    const attributes = attributesOf(path);
    if (attributes !== noAttributes) this.#plain = false;
    return attributes;
  }
}

function contentOf(path: string, status: BigIntStats, known: string | undefined): string {
  if (status.isSymbolicLink()) return told(readlinkSync(nativePath(path), 'latin1'));
  if (!status.isFile() || status.size === 0n) return '';
  return known ?? digestOfFile(path);
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

/** What is told of a node that has none. */
const noAttributes = told('0');

/** With its length before it, so that no two trees say the same. */
function told(text: string): string {
  return `${text.length}:${text}`;
}
