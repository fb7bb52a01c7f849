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
type CreateZstd = ((options: object) => Transform & { readonly bytesWritten: number }) | undefined;
const createZstd = (zlib as { createZstdDecompress?: CreateZstd }).createZstdDecompress;

/** A part of a file. */
export interface BlobSlice {
  readonly position: number;
  readonly sizeBytes: number;
}

/** A blob on disk. The first bytes tell how it is really packed, whatever a manifest says. */
export interface LocalBlob extends BlobSlice {
  readonly path: string;
  readonly compression: LayerCompression;
}

/** @throws UnpackError LAYER_CORRUPT  the file ends before the slice does */
export function openBlob(path: string, slice?: BlobSlice): LocalBlob {
  const descriptor = openSync(path, 'r');
  try {
    const { size } = fstatSync(descriptor);
    const { position, sizeBytes } = slice ?? { position: 0, sizeBytes: size };
    if (position + sizeBytes > size) {
      throw new UnpackError('LAYER_CORRUPT', `${path} ends before byte ${position + sizeBytes}`);
    }
    const head = Buffer.alloc(4);
    readSync(descriptor, head, 0, Math.min(head.length, sizeBytes), position);
    return { path, position, sizeBytes, compression: sniff(head) };
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
 * @param seen  gets all bytes as they lie in the blob, also those that decompressing has no use for
 * @throws UnpackError LAYER_CORRUPT  the blob is damaged or cut
 */
export async function* uncompressed(
  { path, position, sizeBytes, compression }: LocalBlob,
  seen: (bytes: Buffer) => void = () => {},
): AsyncGenerator<Buffer> {
  if (sizeBytes === 0) return;
  const end = position + sizeBytes - 1;
  const blob = createReadStream(path, { start: position, end, highWaterMark: readBytes });
  let seenBytes = 0;
  const watched = (bytes: Buffer): void => {
    seenBytes += bytes.length;
    seen(bytes);
  };
  try {
    if (compression === 'none') yield* observed(blob, watched);
    else if (compression === 'zstd' && createZstd === undefined) yield* withFzstd(observed(blob, watched));
    else {
      // Beside the pipe, which has the bytes pass at its own pace.
      blob.on('data', (bytes) => watched(bytes as Buffer));
      const transform = compression === 'gzip' ? zlib.createGunzip(buffering) : createZstd!(buffering);
      yield* piped(blob, transform);
      const used = transform.bytesWritten;
      if (compression === 'zstd' && used < sizeBytes) {
        // It ends with its frame. Layers made to be read in parts have thousands of frames, each as good as nothing.
        blob.destroy();
        const rest = createReadStream(path, { start: position + used, end, highWaterMark: readBytes });
        yield* withFzstd(observed(rest, unseenOf(used, () => seenBytes, watched)));
      }
    }
    if (seenBytes < sizeBytes) {
      for await (const rest of createReadStream(path, { start: position + seenBytes, end })) seen(rest as Buffer);
    }
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

/** Hands on what was not seen yet of bytes that begin at `position`. */
function unseenOf(
  position: number,
  seenBytes: () => number,
  watch: (bytes: Buffer) => void,
): (bytes: Buffer) => void {
  let at = position;
  return (bytes) => {
    const unseen = bytes.subarray(Math.max(0, seenBytes() - at));
    at += bytes.length;
    if (unseen.length > 0) watch(unseen);
  };
}

async function* observed(blob: Readable, watch: (bytes: Buffer) => void): AsyncGenerator<Buffer> {
  for await (const bytes of blob as AsyncIterable<Buffer>) {
    watch(bytes);
    yield bytes;
  }
}

const buffering = { chunkSize: chunkBytes, highWaterMark: chunkBytes * chunksAhead };

function piped(blob: Readable, transform: Transform): Transform {
  // An error of either arrives at whoever reads the transform.
  return pipeline(blob, transform, () => {});
}

async function* withFzstd(blob: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const ready: Buffer[] = [];
  const decompress = new Decompress((chunk) => {
    ready.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  });
  for await (const chunk of blob) {
    decompress.push(chunk);
    yield* ready.splice(0);
  }
  decompress.push(new Uint8Array(0), true);
  yield* ready;
}
