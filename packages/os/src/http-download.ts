import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { fileError, toFileError } from './file-error.js';
import {
  describe,
  eachChunk,
  type HttpExchanges,
  type OpenResponse,
  readBeginning,
} from './http-exchange.js';
import { type DownloadOptions, type DownloadResult, HttpError, type HttpRequest } from './ports/http.js';

/**
 * Streams a body into a file, hashing on the way: one chunk in memory at a time.
 *
 * With `resumeFrom` the first so many bytes of an existing file are kept and the rest is asked for; a server
 * that answers with the whole body starts the file anew, and a transfer that breaks off leaves the file as
 * far as it came.
 */
export async function downloadToFile(
  exchanges: HttpExchanges,
  request: HttpRequest,
  path: string,
  options: DownloadOptions,
  signal: AbortSignal,
): Promise<DownloadResult> {
  const { resumeFrom = 0 } = options;
  const range = resumeFrom > 0 ? { range: `bytes=${resumeFrom}-` } : {};
  const answer = await exchanges.send({ ...request, headers: { ...request.headers, ...range } }, signal);
  const { status, headers } = answer;
  if (status !== 200 && status !== 206) {
    return { status, headers, errorBody: await readBeginning(answer.response, ERROR_BODY_BYTES) };
  }
  const start = status === 206 ? resumeFrom : 0;
  try {
    checkRange(request, answer, start);
  } catch (error) {
    answer.response.destroy();
    throw error;
  }
  return { status, headers, ...(await store(request, answer, path, start, options)) };
}

async function store(
  request: HttpRequest,
  { response }: OpenResponse,
  path: string,
  start: number,
  options: DownloadOptions,
): Promise<{ readonly sha256: string; readonly sizeBytes: number }> {
  const { maxBytes, onProgress, resumeFrom } = options;
  const file = await openTarget(path, resumeFrom).catch((error: unknown) => {
    response.destroy();
    throw toFileError(error, 'open', path);
  });
  try {
    const hash = createHash('sha256');
    await keepBeginning(file, path, start, hash);
    const writing = new OverlappedWriting(file, start, onProgress);
    try {
      await eachChunk(request, response, maxBytes - start, async (chunk) => {
        hash.update(chunk);
        await writing.write(chunk);
      });
    } finally {
      // Whatever ended it, what has come is in the file.
      await writing.end();
    }
    return { sha256: hash.digest('hex'), sizeBytes: writing.sizeBytes };
  } catch (error) {
    response.destroy();
    if (resumeFrom === undefined || !canResume(error)) await unlink(path).catch(() => undefined);
    throw error instanceof HttpError ? error : toFileError(error, 'write', path);
  } finally {
    await file.close();
  }
}

/** A new file, or the one that is to be continued. */
function openTarget(path: string, resumeFrom: number | undefined): Promise<FileHandle> {
  return open(path, resumeFrom === undefined || resumeFrom === 0 ? 'wx' : 'r+', 0o600);
}

/** Hashes what is kept of an earlier transfer, and cuts off what is not. */
async function keepBeginning(file: FileHandle, path: string, start: number, hash: Hash): Promise<void> {
  await file.truncate(Math.min(start, (await file.stat()).size));
  const chunk = Buffer.allocUnsafe(65_536);
  for (let position = 0; position < start;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) throw fileError('ENODATA', 'resume', path, `it holds less than ${start} bytes`);
    hash.update(chunk.subarray(0, bytesRead));
    position += bytesRead;
  }
}

/** Writes a chunk while the next one comes. */
class OverlappedWriting {
  sizeBytes: number;
  #last: Promise<void> = Promise.resolve();

  constructor(
    private readonly file: FileHandle,
    start: number,
    private readonly onWritten: ((sizeBytes: number) => void) | undefined,
  ) {
    this.sizeBytes = start;
  }

  /** Settles as the chunk before was written. */
  async write(chunk: Buffer): Promise<void> {
    await this.#last;
    const at = this.sizeBytes;
    this.sizeBytes += chunk.length;
    this.#last = writeWhole(this.file, chunk, at).then(() => this.onWritten?.(at + chunk.length));
    // It is looked at by the next call.
    this.#last.catch(() => {});
  }

  end(): Promise<void> {
    return this.#last;
  }
}

async function writeWhole(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let written = 0; written < chunk.length;) {
    written += (await file.write(chunk, written, chunk.length - written, position + written)).bytesWritten;
  }
}

/** A part that does not begin where we are would be spliced into a wrong file. */
function checkRange(request: HttpRequest, { status, headers }: OpenResponse, start: number): void {
  if (status !== 206) return;
  const range = headers['content-range'] ?? 'no range';
  if (start > 0 && range.startsWith(`bytes ${start}-`)) return;
  throw new HttpError(
    'INVALID_RESPONSE',
    `${describe(request)}: answered ${range} when asked from byte ${start}`,
  );
}

function canResume(error: unknown): boolean {
  return error instanceof HttpError && ['CONNECTION_RESET', 'IDLE_TIMEOUT', 'TRUNCATED'].includes(error.code);
}

const ERROR_BODY_BYTES = 65_536;
