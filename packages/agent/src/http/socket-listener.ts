import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import type { Server } from 'node:net';
import { dirname } from 'node:path';
import { AgentError } from '../agent-error.js';

/**
 * Lets `server` listen at `path`, for its owner alone. Only for who holds the store's lock: a socket that is
 * there already is then that of an agent that died, and is replaced.
 *
 * @throws AgentError SOCKET_UNUSABLE
 */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await rm(path, { force: true });
    // The address is bound within the call, so there is no moment at which others may connect.
    const mask = process.umask(0o177);
    try {
      server.listen({ path });
    } finally {
      process.umask(mask);
    }
    await once(server, 'listening');
  } catch (cause) {
    const why = (cause as Error).message;
    throw new AgentError('SOCKET_UNUSABLE', `cannot listen at ${path}: ${why}`, { cause });
  }
}
