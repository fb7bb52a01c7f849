import type { Digest } from '@keelson/image';
import { createHash } from 'node:crypto';
import type { BlobSlice, LocalBlob } from './uncompressed.js';
import { openBlob, uncompressed } from './uncompressed.js';

/** What `store.digest-blob` is asked to do. Plain data. */
export interface DigestBlobInput {
  readonly path: string;
  readonly slice: BlobSlice;
}

/** Answers the sha256 digest of the bytes of a file, as they lie there. */
export default async function digestBlob({ path, slice }: DigestBlobInput): Promise<Digest> {
  const hash = createHash('sha256');
  const blob: LocalBlob = { ...openBlob(path, slice), compression: 'none' };
  for await (const chunk of uncompressed(blob)) hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
