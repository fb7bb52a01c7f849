import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { InspectorEndpoint } from './inspector-endpoint.js';
import { InspectorError } from './inspector-error.js';

/** A page that is being served. */
export interface ServedPage {
  /** What to open in a browser, with its token in the fragment. */
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Serves the inspector on 127.0.0.1, and nowhere else. Does not keep Node alive by itself.
 *
 * @param port  0 for any that is free
 * @throws InspectorError INSPECTOR_UNUSABLE
 */
export async function serveOnLoopback(endpoint: InspectorEndpoint, port = 0): Promise<ServedPage> {
  const server = createServer(
    { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 },
    (request, response) => {
      if (!endpoint.handle(request, response)) response.writeHead(302, { location: '/inspector/' }).end();
    },
  );
  server.maxConnections = 64;
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    if (!endpoint.upgrade(request, socket, head)) socket.destroy();
  });
  try {
    server.listen({ host: '127.0.0.1', port });
    await once(server, 'listening');
  } catch (cause) {
    const message = `cannot serve the inspector on 127.0.0.1:${port}: ${(cause as Error).message}`;
    throw new InspectorError('INSPECTOR_UNUSABLE', message, { cause });
  }
  server.unref();
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}/inspector/${endpoint.fragment}`,
    port: bound,
    close: async () => {
      endpoint.close();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
