import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy before a registry that holds back what a test wants held: the first bytes go through, the rest waits. */
export interface Gate {
  readonly address: string;
  /** Settles when a blob's body has begun and is being held. */
  readonly holding: Promise<void>;
  /** Lets everything through from now on. */
  open(): void;
  stop(): Promise<void>;
}

/** Holds the first blob of at least `minimumBytes` after its first chunk. */
export async function holdFirstBlob(upstream: string, minimumBytes: number): Promise<Gate> {
  let release: () => void = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  let held: () => void = () => {};
  const holding = new Promise<void>((resolve) => (held = resolve));
  let armed = true;
  const server = createServer((incoming, outgoing) => {
    const [host, port] = upstream.split(':');
    const onward = request(
      { host, port, path: incoming.url, method: incoming.method, headers: { ...incoming.headers, host: upstream } },
      async (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        const large = Number(answer.headers['content-length'] ?? 0) >= minimumBytes;
        const hold = armed && large && /\/blobs\//.test(incoming.url ?? '');
        if (hold) armed = false;
        for await (const chunk of answer) {
          outgoing.write(chunk);
          if (!hold) continue;
          held();
          await released;
        }
        outgoing.end();
      },
    );
    onward.on('error', () => outgoing.destroy());
    outgoing.on('error', () => onward.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    holding,
    open: () => release(),
    async stop() {
      release();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
