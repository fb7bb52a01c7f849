import type { IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import type { Duplex } from 'node:stream';
import type * as WebSockets from 'ws';
import type { Recorder } from '../recorder.js';
import type { InspectorRecord } from '../records/record.js';
import { StatelyMessages } from '../stately/stately-messages.js';
import { startFeed } from './record-feed.js';

const MOST_BUFFERED_BYTES = 4 * 1024 * 1024;

/**
 * The WebSocket that speaks the protocol of `@statelyai/inspect`: one message each for what its receivers subscribe
 * to. It only tells; what a viewer sends is ignored.
 */
export class StatelySocket {
  #server: WebSockets.WebSocketServer | undefined;

  constructor(
    private readonly recorder: Recorder,
    private readonly originMs: () => number,
  ) {}

  get viewers(): number {
    return this.#server?.clients.size ?? 0;
  }

  /** Takes over a connection whose request was found lawful. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#sockets().handleUpgrade(request, socket, head, (client) => {
      const messages = new StatelyMessages(this.originMs);
      const take = (records: readonly InspectorRecord[]): void => {
        for (const record of records) {
          for (const message of messages.convert(record)) client.send(JSON.stringify(message));
        }
      };
      const stop = startFeed(this.recorder, {
        ready: () => client.bufferedAmount < MOST_BUFFERED_BYTES,
        take,
        reset: (records) => take([...messages.endOthers(records), ...records]),
      });
      client.on('close', stop);
      client.on('error', () => client.terminate());
    });
  }

  close(): void {
    for (const client of this.#server?.clients ?? []) client.close(1001);
    this.#server?.close();
  }

  /** Loaded with the first viewer: most agents never have one. */
  #sockets(): WebSockets.WebSocketServer {
    if (this.#server) return this.#server;
    const { WebSocketServer } = createRequire(import.meta.url)('ws') as typeof WebSockets;
    return (this.#server = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024, perMessageDeflate: false }));
  }
}
