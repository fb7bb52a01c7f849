import http from 'node:http';
import https from 'node:https';
import type { Duplex } from 'node:stream';
import tls from 'node:tls';

type Created = (error: Error | null, socket: Duplex) => void;

/**
 * Connections to https servers through a proxy: each asks the proxy for a way to the server (CONNECT) and then
 * speaks TLS with the server itself, so that the proxy sees neither requests nor credentials.
 *
 * Source: RFC 9110 section 9.3.6.
 */
export class TunnelAgent extends https.Agent {
  constructor(
    private readonly proxy: URL,
    private readonly connectTimeoutMs: number,
    options: https.AgentOptions,
  ) {
    super(options);
  }

  override createConnection(options: https.RequestOptions, created: Created): undefined {
    const host = String(options.host);
    const port = Number(options.port) || 443;
    const authority = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
    const fail = (error: Error): void => created(error, undefined as never);
    const asked = http.request({
      host: this.proxy.hostname.replace(/^\[|\]$/g, ''),
      port: Number(this.proxy.port) || 80,
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...proxyAuthorization(this.proxy) },
      agent: false,
      timeout: this.connectTimeoutMs,
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer within ${this.connectTimeoutMs} ms`)));
    asked.once('error', fail);
    asked.once('response', ({ statusCode }) => {
      asked.destroy();
      fail(new Error(`the proxy answered ${statusCode}`));
    });
    asked.once('connect', ({ statusCode }, socket, head) => {
      asked.off('error', fail);
      if (statusCode !== 200 || head.length > 0) {
        socket.destroy();
        fail(new Error(statusCode === 200 ? 'the proxy spoke out of turn' : `the proxy answered ${statusCode}`));
        return;
      }
      socket.setTimeout(0);
      const servername = options.servername || (/^[\d.]+$|:/.test(host) ? '' : host);
      created(null, tls.connect({ ...(options as tls.ConnectionOptions), socket, servername }));
    });
    asked.end();
    return undefined;
  }
}

/** The proxy's own credentials, which no server gets to see. */
export function proxyAuthorization({ username, password }: URL): Record<string, string> {
  if (username === '' && password === '') return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` };
}
