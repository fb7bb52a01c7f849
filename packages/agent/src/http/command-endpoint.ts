import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CommandLine, CommandRequest } from '../client/command-protocol.js';
import { encodeChunk, parseCommandBody } from '../client/command-protocol.js';
import { HttpFailure } from './http-failure.js';
import { jsonBody } from './json-body.js';

/** A command that is run for a client. */
export interface CommandCall {
  readonly request: CommandRequest;
  write(stream: 'stdout' | 'stderr', chunk: string | Uint8Array): void;
  /** Settles when the client has taken most of what was written, or is gone. */
  drained(): Promise<void>;
  /** Takes the client's signals until the answered function is called. */
  listen(receive: (signal: string) => void): () => void;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
}

/** Runs a command and answers its exit code; never throws. */
export type RunCommand = (call: CommandCall) => Promise<number>;

/** A client that takes less than it is sent loses its stream; the agent's memory is not its buffer. */
const maxUnsentBytes = 16 * 1024 * 1024;

/** `POST /cli/v1`: carries every command of the command line; see `CommandRequest`. */
export class CommandEndpoint {
  readonly #listeners = new Map<string, (signal: string) => void>();

  /** @param run  gets a command once the agent serves */
  constructor(private readonly run: RunCommand) {}

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = parseCommandBody(await jsonBody(request));
    if (!body) throw new HttpFailure(400, 'Expecting argv and an absolute workingDirectory, or to and signal');
    if ('to' in body) {
      this.#listeners.get(body.to)?.(body.signal);
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/jsonl' }).flushHeaders();
    const exit = await this.run(this.#call(body, response));
    send(response, { exit });
    response.end();
  }

  #call(request: CommandRequest, response: ServerResponse): CommandCall {
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    return {
      request,
      gone: gone.signal,
      write: (stream, chunk) => {
        const text = encodeChunk(chunk);
        send(response, stream === 'stdout' ? { stdout: text } : { stderr: text });
      },
      drained: () => drained(response),
      listen: (receive) => {
        const name = randomUUID();
        this.#listeners.set(name, receive);
        send(response, { signals: name });
        return () => {
          if (this.#listeners.delete(name)) send(response, { signals: null });
        };
      },
    };
  }
}

function send(response: ServerResponse, line: CommandLine): void {
  if (response.destroyed || response.writableEnded) return;
  response.write(`${JSON.stringify(line)}\n`);
  if (response.writableLength > maxUnsentBytes) response.destroy();
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed || !response.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.on('drain', done).on('close', done);
  });
}
