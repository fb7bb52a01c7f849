import { ContainerizerError } from '../containerizer-error.js';

/** A piece of what a container wrote. */
export interface LogPiece {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Uint8Array;
}

const headerBytes = 8;

/**
 * Takes the frames of an engine's log apart: one byte that names the stream, three zeros, the length as four bytes
 * (big endian), and so much of it. A frame is handed on as it comes, so its length, which may be anything, is never
 * held. Source: Docker Engine API, "Attach to a container", stream format. Pure.
 */
export class LogFrames {
  readonly #header = new Uint8Array(headerBytes);
  #headerLength = 0;
  #stream: LogPiece['stream'] = 'stdout';
  #left = 0;

  /** @throws ContainerizerError ENGINE_ERROR  that is no frame */
  push(chunk: Uint8Array): LogPiece[] {
    const pieces: LogPiece[] = [];
    for (let position = 0; position < chunk.length;) {
      if (this.#left > 0) {
        const bytes = chunk.subarray(position, position + this.#left);
        pieces.push({ stream: this.#stream, bytes });
        this.#left -= bytes.length;
        position += bytes.length;
      } else {
        this.#header[this.#headerLength++] = chunk[position++]!;
        if (this.#headerLength === headerBytes) this.#begin();
      }
    }
    return pieces;
  }

  #begin(): void {
    const [kind, ...zeros] = this.#header.subarray(0, 4);
    // 0 is stdin, which some engines say for stdout.
    if (kind! > 2 || zeros.some((byte) => byte !== 0)) {
      throw new ContainerizerError('ENGINE_ERROR', "The engine's log is not in the frames of its API");
    }
    this.#stream = kind === 2 ? 'stderr' : 'stdout';
    this.#left = new DataView(this.#header.buffer).getUint32(4);
    this.#headerLength = 0;
  }
}
