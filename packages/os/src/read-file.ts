import { closeSync, fstatSync, open, read } from 'node:fs';
import { fileError } from './file-error.js';
import { READ } from './open-flags.js';

const CHUNK_BYTES = 65_536;

/**
 * The whole file, at most `maxBytes` or FileError EFBIG. On plain descriptors: a start reads tens of thousands of small
 * records, and a FileHandle costs several times the calls it makes. What may wait for a disk runs on another thread; to
 * look at an open file and to close it does not, and the way to that thread costs more than they do.
 */
export function readFileAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    open(path, READ, (failed, descriptor) => {
      if (failed) return reject(failed);
      const end = (error: Error | null, content?: Uint8Array): void => {
        try {
          closeSync(descriptor);
        } catch (unclosed) {
          error ??= unclosed as Error;
        }
        if (error) reject(error);
        else resolve(content!);
      };
      try {
        const status = fstatSync(descriptor);
        new Reading(path, descriptor, status.isFile() ? status.size : 0, maxBytes, end).next();
      } catch (error) {
        end(error as Error);
      }
    });
  });
}

class Reading {
  readonly #chunks: Uint8Array[] = [];
  #total = 0;

  constructor(
    private readonly path: string,
    private readonly descriptor: number,
    /** 0 when it says nothing: files of /proc do not tell. */
    private readonly sizeBytes: number,
    private readonly maxBytes: number,
    private readonly end: (error: Error | null, content?: Uint8Array) => void,
  ) {}

  /** Does not trust the size: a file may grow while it is read. What comes short of it is the end of a file. */
  next(): void {
    const wanted = this.#total === 0 && this.sizeBytes > 0 ? this.sizeBytes + 1 : CHUNK_BYTES;
    const space = Buffer.allocUnsafe(Math.min(this.maxBytes - this.#total + 1, wanted));
    read(this.descriptor, space, 0, space.length, null, (error, bytesRead) => {
      if (error) return this.end(error);
      this.#chunks.push(space.subarray(0, bytesRead));
      this.#total += bytesRead;
      if (this.#total > this.maxBytes) {
        return this.end(fileError('EFBIG', 'read', this.path, `it holds more than ${this.maxBytes} bytes`));
      }
      if (bytesRead === 0 || (this.sizeBytes > 0 && bytesRead < space.length)) return this.end(null, this.#content());
      this.next();
    });
  }

  #content(): Uint8Array {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }
}
