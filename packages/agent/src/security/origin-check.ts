import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { HttpFailure } from '../http/http-failure.js';

/**
 * Refuses what a page in a browser might have sent: a foreign name that resolves to our address (DNS rebinding) shows
 * in Host, a page of another site in Origin. Addresses themselves cannot be rebound, so they are always names of ours.
 *
 * @param names  lower case, beside `localhost` and addresses
 * @throws HttpFailure 400 without a usable Host, 403
 */
export function checkOrigin({ headers }: IncomingMessage, names: readonly string[]): void {
  const host = hostOf(headers.host);
  if (host === undefined) throw new HttpFailure(400, "Expecting a 'Host' of the form NAME:PORT");
  if (!isOurs(host, names)) throw new HttpFailure(403, `This agent is not known as ${host}`);
  const { origin } = headers;
  if (origin === undefined) return;
  const from = /^https?:\/\/(.+)$/i.exec(origin)?.[1];
  if (from?.toLowerCase() === headers.host?.toLowerCase()) return;
  throw new HttpFailure(403, 'Pages of other sites may not call this agent');
}

/** A call through the socket comes from no browser, unless something hands it on: then it says so. */
export function refuseOrigin({ headers }: IncomingMessage): void {
  if (headers.origin !== undefined) throw new HttpFailure(403, 'Pages may not call this agent through its socket');
}

function hostOf(header: string | undefined): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::\d{1,5})?$/i.exec(header ?? '')?.[1]?.toLowerCase();
}

function isOurs(host: string, names: readonly string[]): boolean {
  return host === 'localhost' || isIP(host.replace(/^\[|\]$/g, '')) !== 0 || names.includes(host);
}
