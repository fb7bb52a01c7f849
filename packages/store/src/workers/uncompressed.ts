import type { LayerCompression } from '@keelson/image';
import { Decompress } from 'fzstd';
import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream';
import * as zlib from 'node:zlib';
import { UnpackError } from './unpack-error.js';

const readBytes = 256 * 1024;
const chunkBytes = 256 * 1024;
/**
 * So many chunks may wait, so that the next is unpacked on another thread while we write files from this
 * one.
 */
const chunksAhead = 4;

/** `zlib.createZstdDecompress`, of Node 22.15 and later. */
type CreateZstd = ((options: object) => Transform) | undefined;
const createZstd = (zlib as { createZstdDecompress?: CreateZstd }).createZstdDecompress;

/** How big a blob is, and how it is really packed: the first bytes tell, whatever the manifest says. */
export function inspectBlob(path: string): { sizeBytes: number; compression: LayerCompression } {
  const descriptor = openSync(path, 'r');
  try {
    const head = Buffer.alloc(4);
    readSync(descriptor, head, 0, head.length, 0);
    return { sizeBytes: fstatSync(descriptor).size, compression: sniff(head) };
  } finally {
    closeSync(descriptor);
  }
}

/** Sources: RFC 1952 (gzip), RFC 8878 (zstd; a skippable frame may come first). */
function sniff(head: Buffer): LayerCompression {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  const magic = head.readUInt32LE(0);
  return magic === 0xfd2f_b528 || magic >>> 4 === 0x0184_d2a5 ? 'zstd' : 'none';
}

/**
 * The uncompressed bytes of a blob, in chunks, several gzip members or zstd frames in a row included.
 *
 * @throws UnpackError LAYER_CORRUPT  the blob is damaged or cut
 */
export async function* uncompressed(path: string, compression: LayerCompression): AsyncGenerator<Buffer> {
  const blob = createReadStream(path, { highWaterMark: readBytes });
  const chunks: AsyncIterable<Buffer> =
    compression === 'none'
      ? blob
      : compression === 'zstd' && createZstd === undefined
        ? withFzstd(blob)
        : piped(blob, compression === 'gzip' ? zlib.createGunzip(buffering) : createZstd!(buffering));
  try {
    yield* chunks;
  } catch (error) {
    // File errors (EIO) keep their code; what zlib says is about the blob.
    const { code = '' } = error as { code?: string };
    if (error instanceof UnpackError || /^E[A-Z]+$/.test(code)) throw error;
    const why = (error as Error).message;
    throw new UnpackError('LAYER_CORRUPT', `the layer cannot be decompressed: ${why}`, { cause: error });
  } finally {
    blob.destroy();
  }
}

const buffering = { chunkSize: chunkBytes, highWaterMark: chunkBytes * chunksAhead };

function piped(blob: Readable, transform: Transform): Transform {
  // An error of either arrives at whoever reads the transform.
  return pipeline(blob, transform, () => {});
}

async function* withFzstd(blob: Readable): AsyncGenerator<Buffer> {
  const ready: Buffer[] = [];
  const decompress = new Decompress((chunk) => {
    ready.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  });
  for await (const chunk of blob as AsyncIterable<Buffer>) {
    decompress.push(chunk);
    yield* ready.splice(0);
  }
  decompress.push(new Uint8Array(0), true);
  yield* ready;
}
