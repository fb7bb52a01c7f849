import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { HttpClient, proxyFor, proxySettingsOf } from '@keelson/os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import { temporaryDirectory } from './temporary-directory.js';

const proxyOf = (url: string, none?: string): string | undefined =>
  proxyFor(new URL(url), { http: 'plain.test:81', https: 'http://secure.test', ...(none && { none }) })?.host;

describe('proxyFor', () => {
  it.each<[string, string | undefined, string | undefined]>([
    ['http://a.test/', undefined, 'plain.test:81'],
    ['https://a.test/', undefined, 'secure.test'],
    ['http://localhost:5000/', undefined, undefined],
    ['http://127.1.2.3/', undefined, undefined],
    ['http://[::1]:5000/', undefined, undefined],
    ['http://a.test/', '*', undefined],
    ['http://a.test/', 'b.test, A.TEST', undefined],
    ['http://x.a.test/', 'a.test', undefined],
    ['http://x.a.test/', '.a.test', undefined],
    ['http://xa.test/', 'a.test', 'plain.test:81'],
    ['http://a.test:8080/', 'a.test:8080', undefined],
    ['http://a.test/', 'a.test:8080', 'plain.test:81'],
    ['https://a.test/', 'a.test:443', undefined],
    ['http://10.1.2.3/', '10.0.0.0/8', undefined],
    ['http://11.1.2.3/', '10.0.0.0/8', 'plain.test:81'],
    ['http://10.1.2.3/', '10.1.2.3', undefined],
    ['http://[fd00::1]/', 'fd00::/8', undefined],
    ['http://10.1.2.3/', '10.0.0.0/99', 'plain.test:81'],
  ])('%s with NO_PROXY %s goes by %s', (url, none, proxy) => {
    expect(proxyOf(url, none)).toBe(proxy);
  });

  it('refuses a proxy that it cannot speak to, without telling its address', () => {
    const settings = { http: 'socks5://user:hidden@proxy.test' };
    expect(() => proxyFor(new URL('http://a.test'), settings)).toThrow(/^(?!.*hidden).*no http address/);
  });
});

describe('proxySettingsOf', () => {
  it('takes the lower-case name first, and ALL_PROXY last', () => {
    expect(proxySettingsOf({ HTTP_PROXY: 'a', http_proxy: 'b', ALL_PROXY: 'c', NO_PROXY: 'd' })).toEqual({
      http: 'b',
      https: 'c',
      none: 'd',
    });
    expect(proxySettingsOf({ http_proxy: '', REQUEST_METHOD: 'GET', HTTP_PROXY: 'evil' })).toEqual({});
  });
});

describe('HttpClient behind a proxy', () => {
  interface Seen {
    readonly url: string | undefined;
    readonly headers: IncomingMessage['headers'];
  }

  async function listen(server: Server): Promise<string> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => void sockets.add(socket));
    await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening));
    onTestFinished(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  it('asks it for http servers by their whole address, with the credentials of the proxy alone', async () => {
    const seen: Seen[] = [];
    const listener: RequestListener = ({ url, headers }, response) => {
      seen.push({ url, headers });
      response.end('by proxy');
    };
    const host = await listen(createServer(listener));
    const client = new HttpClient({ proxy: { http: `http://us%20er:pass@${host}` } });
    const request = { method: 'GET', url: 'http://registry.test:5000/v2/?a=b', headers: { authorization: 'x' } } as const;
    const { body } = await client.request(request);
    client.close();
    expect(Buffer.from(body).toString()).toBe('by proxy');
    expect(seen[0]).toMatchObject({
      url: 'http://registry.test:5000/v2/?a=b',
      headers: { host: 'registry.test:5000', authorization: 'x' },
    });
    expect(seen[0]!.headers['proxy-authorization']).toBe(`Basic ${Buffer.from('us er:pass').toString('base64')}`);
  });

  it('asks it for a tunnel to https servers, and shows it nothing of the request', async () => {
    const tunnels: Seen[] = [];
    let firstBytes = '';
    const server = await listen(
      createServer().on('connection', (socket) => socket.once('data', (bytes) => (firstBytes = bytes.toString('latin1')))),
    );
    const proxy = createServer().on('connect', ({ url, headers }, socket) => {
      tunnels.push({ url, headers });
      const [name, port] = server.split(':');
      const upstream = connect(Number(port), name, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => {});
      socket.on('error', () => {});
    });
    const host = await listen(proxy);
    const client = new HttpClient({ proxy: { https: `http://u:p@${host}` } });
    const request = { method: 'GET', url: 'https://registry.test/v2/', headers: { authorization: 'hidden' } } as const;
    // The server at the other end speaks no TLS, so that is as far as it goes; but TLS is what it was spoken to.
    await expect(client.request(request)).rejects.toMatchObject({ name: 'HttpError' });
    client.close();
    expect(tunnels[0]).toMatchObject({ url: 'registry.test:443', headers: { 'proxy-authorization': 'Basic dTpw' } });
    expect(JSON.stringify(tunnels)).not.toContain('hidden');
    expect(firstBytes.charCodeAt(0)).toBe(0x16);
    expect(firstBytes).toContain('registry.test');
  });

  it('speaks TLS with the server at the end of the tunnel, and keeps the connection', async (context) => {
    needs(context, 'openssl');
    const folder = temporaryDirectory(onTestFinished);
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name)) as [string, string];
    const subject = ['-subj', '/CN=registry.test', '-addext', 'subjectAltName=DNS:registry.test'];
    const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', ['req', '-x509', ...kind, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const pem = readFileSync(cert, 'utf8');
    const server = await listen(
      createSecureServer({ key: readFileSync(key), cert: pem }, ({ headers }, response) => {
        response.end(`${headers.host} ${headers['proxy-authorization'] ?? 'knows no proxy'}`);
      }),
    );
    let tunnels = 0;
    const proxy = createServer().on('connect', (_request, socket) => {
      tunnels += 1;
      const [name, port] = server.split(':');
      const upstream = connect(Number(port), name, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(socket).pipe(upstream);
      });
      for (const each of [upstream, socket]) each.on('error', () => {});
    });
    const settings = { https: `http://u:p@${await listen(proxy)}` };
    const client = new HttpClient({ proxy: settings, certificateAuthorities: pem });
    const request = { method: 'GET', url: 'https://registry.test/v2/' } as const;
    for (let count = 0; count < 2; count += 1) {
      const { status, body } = await client.request(request);
      expect([status, Buffer.from(body).toString()]).toEqual([200, 'registry.test knows no proxy']);
    }
    expect(tunnels).toBe(1);
    const stranger = new HttpClient({ proxy: settings });
    await expect(stranger.request(request)).rejects.toMatchObject({ code: 'CONNECTION_FAILED' });
    client.close();
    stranger.close();
  });

  it.each<[string, (socket: Socket) => void]>([
    ['refuses', (socket) => void socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')],
    ['hangs up', (socket) => void socket.destroy()],
    ['says nothing', () => {}],
  ])('fails when the proxy %s', async (_, answer) => {
    const host = await listen(createServer().on('connect', (_request, socket) => answer(socket as Socket)));
    const client = new HttpClient({ idleTimeoutMs: 100, proxy: { https: `http://${host}` } });
    const failed = client.request({ method: 'GET', url: 'https://registry.test/' });
    await expect(failed).rejects.toMatchObject({ code: expect.stringMatching(/CONNECTION_FAILED|CONNECTION_RESET|IDLE_TIMEOUT/) });
    client.close();
  });
});
