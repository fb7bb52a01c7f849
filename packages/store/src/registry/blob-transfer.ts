import type { DownloadResult, Files, Http, HttpRequest } from '@keelson/os/ports';
import { HttpError } from '@keelson/os/ports';
import { Future } from '@keelson/process';

export interface BlobTransferOptions {
  readonly http: Http;
  readonly files: Files;
  readonly blob: { readonly sizeBytes: number };
  readonly targetPath: string;
  readonly onProgress: (receivedBytes: number) => void;
}

/** One blob on its way into a file, over as many requests as it takes: each goes on where the last broke off. */
export class BlobTransfer {
  #received = 0;
  #seen = 0;
  #resumed = false;

  constructor(private readonly options: BlobTransferOptions) {}

  send(request: HttpRequest): Future<DownloadResult> {
    const { http, files, blob, targetPath, onProgress } = this.options;
    const resumeFrom = this.#received;
    const ready = resumeFrom === 0 ? files.remove(targetPath) : Future.ready(undefined);
    return ready
      .then(() =>
        http.download(request, targetPath, {
          maxBytes: blob.sizeBytes,
          resumeFrom,
          onProgress: (receivedBytes) => {
            this.#received = receivedBytes;
            onProgress(receivedBytes);
          },
        }),
      )
      .then((result) => {
        if (resumeFrom > 0 && result.status === 206) this.#resumed = true;
        if (resumeFrom === 0 || result.status !== 416) return result;
        throw new HttpError('INVALID_RESPONSE', 'the rest of the blob was refused');
      })
      .repair((failed) => {
        const error = failed.failure();
        if (resumeFrom === 0 || !(error instanceof HttpError) || error.code !== 'INVALID_RESPONSE') throw error;
        // It does not give the rest as it should: the whole may still be had.
        this.#received = 0;
        throw new HttpError('TRUNCATED', `${error.message}; beginning again`, { cause: error });
      });
  }

  /** Whether more of the blob is here than when this was last asked. */
  progressed(): boolean {
    const further = this.#received > this.#seen;
    this.#seen = Math.max(this.#seen, this.#received);
    return further;
  }

  /** True, once, if the file was put together from several answers: the next request is for all of it. */
  startOver(): boolean {
    if (!this.#resumed) return false;
    this.#resumed = false;
    this.#received = 0;
    return true;
  }
}
