import type { Digest, LayerCompression } from '@keelson/image';
import { algorithmOf, hexOf, TarReader } from '@keelson/image';
import { createHash } from 'node:crypto';
import { bytesOfText } from './byte-path.js';
import type { StackedLayer } from './layer-stack.js';
import { LayerStack } from './layer-stack.js';
import { LayerWriter } from './layer-writer.js';
import type { SkippedEntry } from './skipped-entries.js';
import { makeRoot } from './tree-walk.js';
import type { BlobSlice } from './uncompressed.js';
import { openBlob, uncompressed } from './uncompressed.js';
import { UnpackError } from './unpack-error.js';
import type { UnpackLimits } from './unpack-limits.js';
import { UnpackBudget } from './unpack-limits.js';

/** What `store.unpack-layer` is asked to do. Plain data. */
export interface UnpackLayerInput {
  readonly blobPath: string;
  /** Where in that file the blob lies; missing where it is the whole file. */
  readonly slice?: BlobSlice;
  /** What the blob itself must be, if nobody has checked that yet. */
  readonly blobDigest?: Digest;
  /** What the manifest says. The blob itself decides: registries get this wrong. */
  readonly compression: LayerCompression;
  /** The staging directory of the layer, which exists; `rootfs` is made in it. */
  readonly target: string;
  /** The finished layers below, base first. They are only read. */
  readonly lower: readonly StackedLayer[];
  readonly expectedDiffId: Digest;
  readonly limits?: Partial<UnpackLimits>;
  /** Whether to set owners, make devices, and put markers for overlayfs into the tree. */
  readonly privileged: boolean;
}

export interface UnpackedLayer {
  /** What this layer hides below it: path text, sorted. */
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
  /** Of all files, each counted once, with their holes. */
  readonly sizeBytes: number;
  /** Of the tree on disk, reckoned in blocks of 4 KiB. */
  readonly allocatedBytes: number;
  readonly entries: number;
  readonly diffId: Digest;
  /** Digests of what was written, for `store.hash-tree`: it needs not read that again. */
  readonly contents: Uint8Array;
  /** No node was given an extended attribute. */
  readonly plain: boolean;
  /** What could not be kept; at most 1000 of `skippedCount`. */
  readonly skipped: readonly SkippedEntry[];
  readonly skippedCount: number;
}

/**
 * Unpacks one layer into `target/rootfs`, against the stacked view of the layers below it.
 *
 * When it answers, the tree is as the image says and the blob has the expected diff id; nothing is synced
 * yet. When it throws, what lies in `target` is rubbish.
 *
 * @throws UnpackError  DIGEST_MISMATCH, DIFF_ID_MISMATCH, LAYER_CORRUPT, LAYER_LIMIT, or an entry that cannot be
 * @throws ImageError   the archive is malformed
 */
export default async function unpackLayer(input: UnpackLayerInput): Promise<UnpackedLayer> {
  const blob = openBlob(input.blobPath, input.slice);
  const { sizeBytes: compressedBytes, compression } = blob;
  const budget = new UnpackBudget(input.limits ?? {}, compressedBytes);
  const rootfs = bytesOfText(`${input.target}/rootfs`);
  makeRoot(rootfs);
  const stack = new LayerStack(input.lower);
  let writer: LayerWriter | undefined;
  try {
    writer = new LayerWriter(rootfs, stack, input.privileged, budget);
    const reader = new TarReader(writer);
    const hash = createHash(algorithmOf(input.expectedDiffId));
    const digest = blobDigestOf(input, compression);
    for await (const chunk of uncompressed(blob, (bytes) => digest?.update(bytes))) {
      budget.addUnpacked(chunk.length);
      hash.update(chunk);
      reader.write(chunk);
    }
    reader.end();
    if (digest) verifyBlob(input.blobDigest!, digest.digest('hex'));
    verify(input.expectedDiffId, hash.digest('hex'));
    const marks = writer.finish();
    return {
      ...marks,
      sizeBytes: budget.logicalBytes,
      allocatedBytes: writer.allocatedBytes,
      entries: budget.entries,
      diffId: input.expectedDiffId,
      contents: writer.digests.pack(),
      plain: writer.isPlain && marks.opaques.length === 0,
      skipped: writer.skipped.told,
      skippedCount: writer.skipped.count,
    };
  } finally {
    writer?.close();
    stack.close();
  }
}

/** Nothing to hash where the diff id says the same of the same bytes. */
function blobDigestOf({ blobDigest, expectedDiffId }: UnpackLayerInput, compression: LayerCompression) {
  if (blobDigest === undefined || (compression === 'none' && blobDigest === expectedDiffId)) return undefined;
  return createHash(algorithmOf(blobDigest));
}

function verifyBlob(expected: Digest, found: string): void {
  if (found === hexOf(expected)) return;
  throw new UnpackError('DIGEST_MISMATCH', `the blob is ${algorithmOf(expected)}:${found}, not ${expected}`);
}

function verify(expected: Digest, found: string): void {
  if (found === hexOf(expected)) return;
  throw new UnpackError(
    'DIFF_ID_MISMATCH',
    `the layer's content is ${algorithmOf(expected)}:${found}, not ${expected}`,
  );
}
