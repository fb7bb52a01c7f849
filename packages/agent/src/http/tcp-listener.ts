import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { AgentError } from '../agent-error.js';
import type { ListenAddress } from '../security/listen-address.js';

/**
 * Lets `server` listen on TCP.
 *
 * @returns its base, as `http://127.0.0.1:5051`
 * @throws AgentError ADDRESS_UNUSABLE
 */
export async function listenOnTcp(server: Server, { host, port }: ListenAddress, scheme: string): Promise<string> {
  try {
    server.listen({ host, port });
    await once(server, 'listening');
  } catch (cause) {
    const why = (cause as Error).message;
    throw new AgentError('ADDRESS_UNUSABLE', `cannot listen at ${host} port ${port}: ${why}`, { cause });
  }
  const { address, family, port: bound } = server.address() as AddressInfo;
  return `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${bound}`;
}
