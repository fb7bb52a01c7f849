import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export type { IncomingMessage, ServerResponse };

/** An HTTP server on loopback for the length of one test. */
export class LoopbackServer {
  readonly requests: { method: string; url: string; authorization: string | undefined; range: string | undefined }[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(listener: RequestListener) {
    this.#server = createServer((request, response) => {
      const { method = '', url = '', headers } = request;
      this.requests.push({ method, url, authorization: headers.authorization, range: headers.range });
      listener(request, response);
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
    });
  }

  static async open(listener: RequestListener): Promise<LoopbackServer> {
    const server = new LoopbackServer(listener);
    await new Promise<void>((listening) => void server.#server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => server.close());
    return server;
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
