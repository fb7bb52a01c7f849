import type { Future } from '@keelson/process';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'DELETE';
  readonly url: string;
  /**
   * The unix socket on which the server listens; host and port of `url` are no address then. Every request gets a
   * connection of its own: it costs nothing here, and a kept one may be closed just when a POST is sent.
   */
  readonly socketPath?: string;
  /** Instead of the client's own idle timeout; 0 waits for ever. */
  readonly idleTimeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Header names are lower case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface DownloadResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Of the whole target file (with `resumeFrom`, the earlier part included), lower-case hex. Only when status
   * is 200 or 206.
   */
  readonly sha256?: string;
  readonly sizeBytes?: number;
  /** The (capped) body of any other status. */
  readonly errorBody?: Uint8Array;
}

export interface DownloadOptions {
  /** More bytes than this fail with HttpError TOO_LARGE and stop reading. */
  readonly maxBytes: number;
  /** Told the size of the target file so far. */
  readonly onProgress?: (receivedBytes: number) => void;
  /**
   * Continues a file of at least so many bytes: asks for the rest (Range) and checks what the server says it
   * sends (else HttpError INVALID_RESPONSE); a server that sends all starts the file anew. Given at all, 0
   * included, a transfer that breaks off (CONNECTION_RESET, IDLE_TIMEOUT, TRUNCATED) leaves the file, to be
   * continued.
   */
  readonly resumeFrom?: number;
}

/**
 * Plain HTTP as a client. Redirects are answered, not followed: who asks decides what may be sent on.
 *
 * Discarding the future aborts the transfer. Idle for `idleTimeoutMs` (60 s) fails with HttpError
 * IDLE_TIMEOUT.
 */
export interface Http {
  /** Reads the whole body, at most `maxBytes` (4 MiB). */
  request(request: HttpRequest, options?: { maxBytes?: number }): Future<HttpResponse>;
  /**
   * Streams the body into a new file with flat memory, hashing on the way. The file is removed on failure.
   */
  download(request: HttpRequest, targetPath: string, options: DownloadOptions): Future<DownloadResult>;
}

export interface StreamResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The (capped) body of any status but 2xx. */
  readonly errorBody?: Uint8Array;
}

export interface StreamOptions {
  /** Gets the body of a 2xx answer piece by piece. Nothing more is read before a future it answers is ready. */
  readonly onChunk: (chunk: Uint8Array) => Future<void> | void;
}

/** HTTP whose answers go on for as long as something does: a log that is followed, an end that is waited for. */
export interface HttpStreams {
  /**
   * Answers when the body has ended. Each stream has a connection of its own that does not keep the process alive.
   * Discarding the future closes it.
   *
   * @throws HttpError, or what `onChunk` fails with
   */
  stream(request: HttpRequest, options: StreamOptions): Future<StreamResult>;
}

export type HttpErrorCode =
  'CONNECTION_FAILED' | 'CONNECTION_RESET' | 'IDLE_TIMEOUT' | 'TOO_LARGE' | 'TRUNCATED' | 'INVALID_RESPONSE';

/** Why a request got no usable answer. The URL in the message never holds credentials. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  constructor(
    readonly code: HttpErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
