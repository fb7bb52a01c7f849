import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry that asks for a user name and a password. */
export interface GuardedRegistry {
  readonly host: string;
  close(): void;
}

/** Guards the registry at `upstream` with the Basic credential `userAndPassword`. */
export async function guardRegistry(upstream: string, userAndPassword: string): Promise<GuardedRegistry> {
  const authorization = `Basic ${Buffer.from(userAndPassword).toString('base64')}`;
  const guard = createServer((request, response) => {
    if (request.headers.authorization !== authorization) {
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
    }
    response.writeHead(307, { location: `http://${upstream}${request.url}` }).end();
  });
  await new Promise<void>((listening) => void guard.listen(0, '127.0.0.1', listening));
  return {
    host: `127.0.0.1:${(guard.address() as AddressInfo).port}`,
    close: () => {
      guard.close();
      guard.closeAllConnections();
    },
  };
}
