import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { openInput, type OpenInput } from '@keelson/os';
import type { CommandLine, CommandRequest } from '../client/command-protocol.js';
import { encodeChunk, parseCommandBody } from '../client/command-protocol.js';
import type { GuardedAction } from '../security/acls.js';
import { answer } from '../schema/composed-schema.js';
import { HttpFailure } from './http-failure.js';
import type { HttpCall, Route } from './route.js';
import { route } from './route.js';
import { drained } from '../client/drained.js';

/** A command that is run for a client. */
export interface CommandCall {
  readonly request: CommandRequest;
  write(stream: 'stdout' | 'stderr', chunk: string | Uint8Array): void;
  /** Settles when the client has taken most of what was written, or is gone. */
  drained(): Promise<void>;
  /** Takes the client's signals until the answered function is called. */
  listen(receive: (signal: string) => void): () => void;
  /** Opens the client's standard input, for a container; `undefined` where it has none, or it cannot be had. */
  openInput(): Promise<OpenInput | undefined>;
  /** Aborted when the client is gone. */
  readonly gone: AbortSignal;
  /** From here on the command only watches: an agent that stops leaves it at once. */
  watch(): void;
  /** Puts the command into the journal, before it changes anything. */
  audit(command: string, subject?: string): Promise<void>;
  /** @throws HttpFailure 403  its caller may not do that */
  authorize(action: GuardedAction): void;
}

/** Runs a command and answers its exit code; never throws. */
export type RunCommand = (call: CommandCall) => Promise<number>;

/** A client that takes less than it is sent loses its stream; the agent's memory is not its buffer. */
const maxUnsentBytes = 16 * 1024 * 1024;

/** `POST /cli/v1`: carries every command of the command line; see `CommandRequest`. */
export class CommandEndpoint {
  readonly #listeners = new Map<string, (signal: string) => void>();

  /**
   * @param run        gets a command once the agent serves
   * @param authorize  throws where a principal may not do something
   */
  constructor(
    private readonly run: RunCommand,
    private readonly authorize: (action: GuardedAction, principal: string) => void,
  ) {}

  /** For the command line of this machine alone: it runs as who owns the socket. */
  get route(): Route {
    return route({
      method: 'POST',
      path: '/cli/v1',
      summary: 'Runs a command line; internal to the keelson command.',
      socketOnly: true,
      always: true,
      textFailures: true,
      body: answer({ type: 'object', description: 'A command, or a signal for one.' }),
      answers: {
        200: { description: 'What it says, a line of JSON each; the last one is its exit.', type: 'application/jsonl' },
        204: { description: 'The signal was handed on.' },
      },
      handle: (call) => this.#serve(call),
    });
  }

  async #serve(http: HttpCall): Promise<void> {
    const { response } = http;
    const body = parseCommandBody(http.body);
    if (!body) throw new HttpFailure(400, 'Expecting argv and an absolute workingDirectory, or to and signal');
    if ('to' in body) {
      this.#listeners.get(body.to)?.(body.signal);
      response.writeHead(204).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/jsonl' }).flushHeaders();
    const exit = await this.run(this.#call(body, http));
    send(response, { exit });
    response.end();
  }

  #call(request: CommandRequest, { response, principal, gone, watch, audit }: HttpCall): CommandCall {
    return {
      request,
      gone,
      watch,
      audit,
      authorize: (action) => this.authorize(action, principal.name),
      write: (stream, chunk) => {
        const text = encodeChunk(chunk);
        send(response, stream === 'stdout' ? { stdout: text } : { stderr: text });
      },
      drained: () => drained(response),
      openInput: async () => request.stdin && openInput(request.stdin),
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
