import { isIP } from 'node:net';
import { AgentError } from '../agent-error.js';

/** Where HTTP is served over TCP. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
  /** Nobody but this machine can reach it. */
  readonly loopback: boolean;
}

/**
 * Reads `HOST:PORT`; a port alone is on loopback, `0.0.0.0` or `[::]` have to be said.
 *
 * @throws AgentError CONFIG_INVALID
 */
export function parseListenAddress(text: string): ListenAddress {
  const [, bracketed, plain, digits] = /^(?:(?:\[([^\]]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? (plain || '127.0.0.1');
  const fits = digits !== undefined && port <= 65_535 && (bracketed === undefined || isIP(bracketed) === 6);
  if (!fits) {
    const rule = 'must be HOST:PORT with a port from 0 to 65535, for example 127.0.0.1:5051 or [::1]:5051';
    throw new AgentError('CONFIG_INVALID', `cannot set up the agent: listen is ${JSON.stringify(text)}, but ${rule}`);
  }
  const loopback = host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
  return { host, port, loopback };
}
