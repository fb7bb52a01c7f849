import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { Agent, request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { missing } from '../../../test/support/needs.js';
import { openAccess } from '../src/security/access.js';
import type { Certificate } from './support/certificates.js';
import { certificates, shown } from './support/certificates.js';
import { useServing } from './support/serving.js';

const serving = useServing();
const reason = missing('openssl');
let folder: string;
let made: Record<'authority' | 'server' | 'ops' | 'expired' | 'stranger' | 'nameless' | 'unfit', Certificate>;

beforeAll(() => {
  if (reason !== undefined) return;
  folder = mkdtempSync(join(tmpdir(), 'keelson-https-'));
  const make = certificates(folder);
  const authority = make({ name: 'authority' });
  const other = make({ name: 'other' });
  made = {
    authority,
    server: make({ name: 'server', by: authority, extensions: ['subjectAltName=IP:127.0.0.1'] }),
    ops: make({ name: 'ops', by: authority }),
    expired: make({ name: 'expired', by: authority, days: -1 }),
    stranger: make({ name: 'stranger', by: other, subject: '/CN=ops' }),
    nameless: make({ name: 'nameless', by: authority, subject: '/O=nobody' }),
    unfit: make({ name: 'unfit', by: authority, extensions: ['extendedKeyUsage=serverAuth'] }),
  };
});
afterAll(() => folder && rmSync(folder, { recursive: true }));
beforeEach((context) => context.skip(reason !== undefined, reason ?? ''));

const tls = () => ({ certificateFile: made.server.cert, keyFile: made.server.key });
const mutual = () => ({ ...tls(), clientAuthorityFile: made.authority.cert });

interface SecureAsking extends RequestOptions {
  readonly body?: object;
}

/** One request over a connection of its own, by a client that knows the authority. */
async function ask(base: string, { body, path = '/healthz', headers = {}, ...options }: SecureAsking = {}) {
  const url = new URL(path, base);
  const agent = options.agent ?? new Agent();
  const ca = readFileSync(made.authority.cert, 'utf8');
  const text = body && JSON.stringify(body);
  const type = body && { 'content-type': 'application/json' };
  const sent = request(url, { ca, method: body ? 'POST' : 'GET', headers: { ...headers, ...type }, agent, ...options });
  sent.end(text);
  const [response] = await once(sent, 'response');
  let received = '';
  for await (const chunk of response.setEncoding('utf8')) received += chunk;
  return { status: response.statusCode, headers: response.headers, body: received };
}

/** What a peer that speaks no TLS hears until the connection is closed. */
async function plainly(base: string, text: string) {
  const { hostname, port } = new URL(base);
  const socket = connect(Number(port), hostname);
  let bytes = 0;
  let failure: string | undefined;
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
  socket.on('error', ({ message }) => (failure = message));
  socket.write(text);
  await once(socket, 'close');
  return { bytes, failure };
}

describe('an agent over HTTPS', () => {
  it('shows its certificate, and takes a token, which alone tells who calls', async () => {
    const served = await serving.serve({ listen: '127.0.0.1:0', tls: tls() });
    expect(served.http).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const authorization = `Bearer ${readFileSync(join(served.root, 'token'), 'utf8').trim()}`;
    expect(await ask(served.http!, { headers: { authorization } })).toMatchObject({ status: 200, body: 'RUNNING\n' });
    const nobody = await ask(served.http!);
    expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/Bearer/)]);
    // Nobody was configured whose signature would count.
    expect((await ask(served.http!, shown(made.ops))).status).toBe(401);
    await expect(ask(served.http!, { ca: readFileSync(made.stranger.cert) })).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  it('closes the connection of who speaks no TLS, and answers the next one', async () => {
    const served = await serving.serve({ listen: '127.0.0.1:0', tls: mutual() });
    expect(await plainly(served.http!, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')).toMatchObject({ failure: undefined });
    expect(await plainly(served.http!, 'hello\r\n')).toMatchObject({ failure: undefined });
    expect((await ask(served.http!, shown(made.ops))).status).toBe(200);
  });

  it('closes the connection of who never begins to speak', async () => {
    const served = await serving.serve({ listen: '127.0.0.1:0', tls: tls(), requestTimeoutMs: 100 });
    expect(await plainly(served.http!, '')).toEqual({ bytes: 0, failure: undefined });
  });
});

describe('a client certificate', () => {
  it('of the authority that is configured tells who calls, by its common name', async () => {
    const rule = { principals: { values: ['ops'] }, images: { type: 'NONE' } } as const;
    const served = await serving.serve({ listen: '127.0.0.1:0', tls: mutual(), acls: { prune_images: [rule] } });
    expect(await ask(served.http!, shown(made.ops))).toMatchObject({ status: 200, body: 'RUNNING\n' });
    const prune = { path: '/api/v1', body: { type: 'PRUNE_IMAGES' } };
    expect(await ask(served.http!, { ...shown(made.ops), ...prune })).toMatchObject({
      status: 403,
      body: 'The principal ops is not allowed to prune images',
    });
  });

  it.each([
    ['none', () => ({}), 'Expecting a bearer token or a Basic credential'],
    ['one of another authority', () => shown(made.stranger), /certificate is not taken: UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
    ['one that has expired', () => shown(made.expired), /certificate is not taken: CERT_HAS_EXPIRED/],
    ['one that is for servers', () => shown(made.unfit), /certificate is not taken: INVALID_PURPOSE/],
    ['one without a common name', () => shown(made.nameless), /certificate is not taken: it has no common name/],
  ])('is needed where there is no token: refuses %s', async (_which, certificate, why) => {
    const served = await serving.serve({ listen: '127.0.0.1:0', tls: mutual() });
    const reply = await ask(served.http!, certificate());
    expect([reply.status, JSON.parse(reply.body).error.message]).toEqual([401, expect.stringMatching(why)]);
  });

  it('is not needed beside a token, and does not stand for one that is wrong', async () => {
    const tokenFile = join(serving.folder, 'token');
    writeFileSync(tokenFile, 'a-token-for-everybody', { mode: 0o600 });
    const served = await serving.serve({ listen: '127.0.0.1:0', tls: mutual(), tokenFile });
    const status = async (word: string, certificate: object) =>
      (await ask(served.http!, { ...certificate, headers: { authorization: `Bearer ${word}` } })).status;
    expect(await status('a-token-for-everybody', {})).toBe(200);
    expect(await status('a-token-for-everybody', shown(made.stranger))).toBe(200);
    expect(await status('a-token-for-nobody-here', shown(made.ops))).toBe(401);
  });

  it('counts in a session that is taken up again, and only there', async () => {
    const served = await serving.serve({ listen: '127.0.0.1:0', tls: mutual() });
    const agent = new Agent({ keepAlive: false, maxCachedSessions: 10 });
    const replies = [];
    for (let round = 0; round < 3; round += 1) replies.push(await ask(served.http!, { ...shown(made.ops), agent }));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await ask(served.http!, { agent })).status).toBe(401);
  });
});

describe('files for HTTPS', () => {
  const broken = (): string => {
    const path = join(folder, 'broken');
    writeFileSync(path, 'no PEM', { mode: 0o600 });
    return path;
  };

  it.each([
    ['a certificate that is none', () => ({ ...mutual(), certificateFile: broken() }), /use tls.certificateFile .*broken/],
    ['a key that is none', () => ({ ...mutual(), keyFile: broken() }), /use tls.keyFile .*broken with/],
    ['a key of another certificate', () => ({ ...mutual(), keyFile: made.ops.key }), /use tls.keyFile .*values mismatch/],
    ['an authority that is none', () => ({ ...mutual(), clientAuthorityFile: broken() }), /use tls.clientAuthorityFile/],
    ['a file that is not there', () => ({ ...mutual(), certificateFile: '/nothing' }), /cannot read \/nothing/],
  ])('are tried at the start: refuses %s', (_what, settings, message) => {
    expect(() => openAccess({ listen: '0', tls: settings() }, folder)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) }),
    );
  });
});
