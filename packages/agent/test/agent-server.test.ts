import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { ServedAgent } from '@keelson/agent/server';
import { agentRoutes } from '@keelson/agent/server';
import { describe, expect, it } from 'vitest';
import { AgentServer } from '../src/http/agent-server.js';
import { LogLevelSwitch } from '../src/log-level-switch.js';
import { openAccess } from '../src/security/access.js';
import { writeLayout } from './support/oci-layout.js';
import { ask, call, json, useServedAgent, useServing } from './support/serving.js';

const serving = useServing();

/** What a peer says until it closes, to bytes that are no request of a client library. */
async function raw(socketPath: string, text: string): Promise<string> {
  const socket = connect(socketPath);
  let received = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
  socket.write(text);
  await once(socket, 'close');
  return received;
}

describe('an agent over TCP', () => {
  it('is told to who shows the token that it made, and to nobody else', async () => {
    const served = await serving.serve({ listen: '127.0.0.1:0' });
    const base = served.http!;
    expect(base).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(statSync(join(served.root, 'token')).mode & 0o777).toBe(0o600);
    const authorization = `Bearer ${readFileSync(join(served.root, 'token'), 'utf8').trim()}`;
    const health = (headers: Record<string, string>) => ask(base, { path: '/healthz', headers });
    expect(await health({ authorization })).toMatchObject({ status: 200, body: 'RUNNING\n' });
    const nobody = await health({});
    expect([nobody.status, nobody.headers['www-authenticate']]).toEqual([401, expect.stringMatching(/Bearer/)]);
    expect((await health({ authorization: 'Bearer wrong' })).status).toBe(401);
    expect((await health({ authorization, host: 'evil.example' })).status).toBe(403);
    expect((await health({ authorization, origin: 'http://evil.example' })).status).toBe(403);
    const command = { argv: ['images'], workingDirectory: '/' };
    const relayed = { method: 'POST', path: '/cli/v1', body: command, headers: { authorization } };
    expect((await ask(base, relayed)).status).toBe(404);
    expect((await ask(served, { path: '/healthz', headers: { origin: 'http://localhost' } })).status).toBe(403);
  });

  it('carries no commands of the command line', async () => {
    const served = await serving.serve({ listen: '0' }, { run: async () => 0 });
    const authorization = `Bearer ${readFileSync(join(served.root, 'token'), 'utf8').trim()}`;
    const body = { argv: ['images'], workingDirectory: '/' };
    const relayed = { method: 'POST', path: '/cli/v1', body, headers: { authorization } };
    expect(await ask(served.http!, relayed)).toMatchObject({ status: 403, body: '/cli/v1 is for the socket alone' });
    expect((await ask(served, { ...relayed, headers: {} })).status).toBe(200);
  });

  it('ends with its agent, and says so where it cannot listen; the root is given back', async () => {
    const first = await serving.serve({ listen: '127.0.0.1:0' });
    const listen = new URL(first.http!).host;
    const second = serving.serve({ listen, root: join(serving.folder, 'other') });
    await expect(second).rejects.toMatchObject({ code: 'ADDRESS_UNUSABLE', message: expect.stringContaining('EADDRINUSE') });
    await first.close();
    await serving.serve({ listen, root: join(serving.folder, 'other') });
  });
});

describe('an agent that recovers', () => {
  it('refuses until it has, and says why, whatever it is asked', async () => {
    const agent = { state: 'RECOVERING', recoveryPhase: 'CONTAINERS', processes: () => [], counters: () => ({}) } as unknown as ServedAgent['agent'];
    const access = openAccess({}, serving.folder);
    const streams = { maxStreams: 1, maxStreamBytes: 4096, heartbeatMs: 1000 };
    const logLevel = new LogLevelSwitch('warn', () => {});
    const shared = { agent, access, root: serving.folder, version: '1.2.3', settings: [], logLevel, streams };
    const limits = { requestTimeoutMs: 1000, maxBodyBytes: 4096, maxConnections: 4 };
    const server = new AgentServer({ agent, access, limits, routes: agentRoutes(shared) });
    const socket = join(serving.folder, 'agent.sock');
    await server.listen(socket);
    const target = { socket };
    for (const asking of [{ path: '/api/v1' }, { method: 'POST', path: '/api/v1', body: { type: 'PRUNE_IMAGES' } }]) {
      const reply = await ask(target, asking);
      const told = 'Agent has not finished recovery: it takes up containers and their root filesystems';
      expect([reply.status, reply.body]).toEqual([503, told]);
      expect(reply.headers['retry-after']).toBe('1');
    }
    const images = await ask(target, { path: '/v1/images' });
    expect([images.status, JSON.parse(images.body).error.code]).toEqual([503, 'UNAVAILABLE']);
    expect((await ask(target, { path: '/metrics/snapshot' })).status).toBe(503);
    expect(await ask(target, { path: '/healthz' })).toMatchObject({ status: 503, body: 'RECOVERING\n' });
    expect(await json(target, { path: '/diag' })).toMatchObject({ state: 'RECOVERING', recovering: 'CONTAINERS' });
    expect((await ask(target, { path: '/nothing' })).status).toBe(404);
    await server.close(1000);
  });
});

describe('what is sent to an agent', () => {
  const shared = useServedAgent();

  it('is refused when it is no HTTP, has too large a head, or comes too slowly', async () => {
    expect(await raw(shared().socket, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    const head = `GET /healthz HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(17 * 1024)}\r\n\r\n`;
    expect(await raw(shared().socket, head)).toMatch(/^HTTP\/1\.1 431 /);
    const hasty = await serving.serve({ requestTimeoutMs: 100 });
    const begun = 'POST /api/v1 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"type"';
    expect(await raw(hasty.socket, begun)).toMatch(/^HTTP\/1\.1 408 /);
    expect((await ask(hasty, { path: '/healthz' })).status).toBe(200);
  });

  it('is refused when its body is too large, told or not, without being read to its end', async () => {
    const served = await serving.serve({ maxBodyBytes: 1024 });
    const large = { method: 'POST', path: '/api/v1', body: JSON.stringify({ type: 'x'.repeat(1024) }) };
    expect((await ask(served, large)).status).toBe(413);
    const head = 'POST /api/v1 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n';
    const reply = await raw(served.socket, `${head}800\r\n${'x'.repeat(0x800)}\r\n`);
    expect(reply).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('is answered with headers that keep it out of caches and of guesses', async () => {
    const { headers } = await ask(shared(), { path: '/healthz' });
    expect([headers['cache-control'], headers['x-content-type-options']]).toEqual(['no-store', 'nosniff']);
  });
});

describe('the audit journal', () => {
  const lines = (served: ServedAgent): any[] =>
    readFileSync(join(served.root, 'events', 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('has every changing call before it begins and after its end, with who asked', async () => {
    const served = await serving.serve();
    const layout = writeLayout(join(serving.folder, 'layout'), ['left']);
    await json(served, { method: 'POST', path: '/v1/images', body: { reference: layout('left') } });
    await call(served, 'PRUNE_IMAGES', { excluded_images: [] });
    await call(served, 'KILL_CONTAINER', { container_id: { value: 'nobody' } });
    await ask(served, { path: '/v1/images' });
    await served.close();
    const told = lines(served);
    const at = expect.stringMatching(/^\d{4}-.*Z$/);
    const begun = { at, id: expect.any(String), principal: 'local', via: 'socket' };
    expect(told.filter(({ call: name }) => name !== undefined)).toEqual([
      { ...begun, call: 'POST /v1/images', subject: layout('left') },
      { ...begun, call: 'PRUNE_IMAGES', subject: 'all but 0 excluded' },
      { ...begun, call: 'KILL_CONTAINER', subject: 'nobody' },
    ]);
    const ends = told.filter(({ outcome }) => outcome !== undefined);
    expect(ends.map(({ outcome }) => outcome)).toEqual(['200', '200', '404']);
    expect(ends.map(({ id }) => id)).toEqual(told.filter(({ call: name }) => name).map(({ id }) => id));
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect([mode(join(served.root, 'events')), mode(join(served.root, 'events/journal.jsonl'))]).toEqual([0o700, 0o600]);
  });

  it('may be left out, and does not stand in the way where it cannot be written', async () => {
    const told: string[] = [];
    const silent = await serving.serve({ journal: false, root: join(serving.folder, 'silent') });
    await call(silent, 'PRUNE_IMAGES');
    expect(readdirSync(silent.root)).not.toContain('events');
    const served = await serving.serve({}, { log: ({ message }) => told.push(message) });
    writeFileSync(join(served.root, 'events'), '');
    expect((await call(served, 'PRUNE_IMAGES')).status).toBe(200);
    expect((await call(served, 'PRUNE_IMAGES')).status).toBe(200);
    expect(told.filter((message) => message.includes('the audit journal cannot be written'))).toHaveLength(1);
  });
});
