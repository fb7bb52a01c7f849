import { mkdtempSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandCall, ServedAgent } from '@keelson/agent';
import { serveAgent } from '@keelson/agent';
import type { CommandRequest } from '@keelson/agent/client';
import { callAgent, decodeChunk, signalCommand, socketPathOf } from '@keelson/agent/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentServer } from '../src/http/agent-server.js';
import { agentRoutes } from '../src/http/agent-routes.js';
import { LogLevelSwitch } from '../src/log-level-switch.js';
import { openAccess } from '../src/security/access.js';
import { writeLayout } from './support/oci-layout.js';

let folder: string;
let root: string;
const open: ServedAgent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-served-'));
  root = join(folder, 'root');
});
afterEach(async () => {
  for (const served of open.splice(0)) await served.close();
  rmSync(folder, { recursive: true, force: true });
});

type Run = (call: CommandCall) => Promise<number>;

async function serve(run: Run = async () => 0, at = root): Promise<ServedAgent> {
  const served = await serveAgent({ root: at, backend: 'copy', lockTimeoutMs: 0 }, { version: '1.2.3', run });
  open.push(served);
  return served;
}

interface Reply {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(socketPath: string, method: string, path: string, body?: unknown, type?: string): Promise<Reply> {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  const headers = { ...(type && { 'content-type': type }), 'content-length': Buffer.byteLength(text) };
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path, headers, agent: false }, async (response) => {
      let received = '';
      for await (const chunk of response.setEncoding('utf8')) received += chunk;
      resolve({ status: response.statusCode, headers: response.headers, body: received });
    })
      .on('error', reject)
      .end(text);
  });
}

async function call(socket: string, body: unknown): Promise<Reply> {
  return ask(socket, 'POST', '/api/v1', body, 'application/json');
}

const command: CommandRequest = {
  argv: ['images'],
  workingDirectory: '/',
  environment: {},
  stdout: { isTTY: false },
  stderr: { isTTY: false },
};

describe('the operator API', () => {
  it('answers in the shape of the Mesos v1 agent API', async () => {
    const { socket, agent } = await serve();
    const image = writeLayout(join(folder, 'layout'), ['left', 'right'])('left');
    await agent.provision({ id: 'mine', image });
    expect(JSON.parse((await call(socket, { type: 'GET_HEALTH' })).body)).toEqual({
      type: 'GET_HEALTH',
      get_health: { healthy: true },
    });
    expect(JSON.parse((await call(socket, { type: 'GET_VERSION' })).body)).toEqual({
      type: 'GET_VERSION',
      get_version: { version_info: { version: '1.2.3' } },
    });
    const container_id = { value: 'mine' };
    expect(JSON.parse((await call(socket, { type: 'GET_CONTAINERS' })).body)).toEqual({
      type: 'GET_CONTAINERS',
      get_containers: { containers: [{ container_id, container_status: { container_id } }] },
    });
  });

  it('prunes images but those excluded, and answers nothing', async () => {
    const { socket, agent } = await serve();
    const layout = writeLayout(join(folder, 'layout'), ['left', 'right']);
    const [left, right] = [await agent.pull(layout('left')), await agent.pull(layout('right'))];
    const excluded = [{ type: 'DOCKER', docker: { name: left.reference } }, { type: 'APPC', appc: {} }];
    const type = 'PRUNE_IMAGES';
    const { status, body } = await call(socket, { type, prune_images: { excluded_images: excluded } });
    expect([status, body]).toEqual([200, '']);
    expect((await agent.images()).map(({ reference }) => reference)).toEqual([left.reference]);
    expect((await call(socket, { type })).status).toBe(200);
    expect(await agent.images()).toEqual([]);
    expect(right.reference).not.toBe(left.reference);
  });

  it.each([
    [501, { type: 'LAUNCH_NESTED_CONTAINER_SESSION' }],
    [400, {}],
    [400, []],
    [400, '{'],
    [400, { type: 'PRUNE_IMAGES', prune_images: { excluded_images: 'mysql' } }],
    [400, { type: 'PRUNE_IMAGES', prune_images: { excluded_images: [{ type: 'DOCKER' }] } }],
    [500, { type: 'PRUNE_IMAGES', prune_images: { excluded_images: [{ type: 'DOCKER', docker: { name: 'A B' } }] } }],
    [413, JSON.stringify({ type: 'x'.repeat(2 ** 20) })],
  ])('answers %i to what it cannot do', async (status, body) => {
    const { socket } = await serve();
    const reply = await call(socket, body);
    expect([reply.status, reply.body]).toEqual([status, expect.stringMatching(/./)]);
  });

  it('takes JSON by POST and nothing else', async () => {
    const { socket } = await serve();
    const get = await ask(socket, 'GET', '/api/v1');
    expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
    expect((await ask(socket, 'POST', '/api/v1', '{}')).status).toBe(400);
    expect((await ask(socket, 'POST', '/api/v1', 'x', 'application/x-protobuf')).status).toBe(415);
    expect((await ask(socket, 'GET', '/constructor')).status).toBe(404);
  });

  it('refuses until the agent has recovered, whatever it is asked', async () => {
    const agent = { state: 'RECOVERING', processes: () => [] } as unknown as ServedAgent['agent'];
    const access = openAccess({}, folder);
    const streams = { maxStreams: 1, maxStreamBytes: 4096, heartbeatMs: 1000 };
    const logLevel = new LogLevelSwitch('warn', () => {});
    const shared = { agent, access, root: folder, version: '1.2.3', settings: [], logLevel, streams };
    const limits = { requestTimeoutMs: 1000, maxBodyBytes: 4096, maxConnections: 4 };
    const server = new AgentServer({ agent, access, limits, routes: agentRoutes(shared) });
    const socket = join(folder, 'agent.sock');
    await server.listen(socket);
    expect(await ask(socket, 'GET', '/api/v1')).toMatchObject({
      status: 503,
      body: 'Agent has not finished recovery',
    });
    expect((await ask(socket, 'GET', '/metrics/snapshot')).status).toBe(503);
    expect(await ask(socket, 'GET', '/healthz')).toMatchObject({ status: 503, body: 'RECOVERING\n' });
    await server.close(1000);
  });

  it('tells metrics by name', async () => {
    const { socket } = await serve();
    const { body } = await ask(socket, 'GET', '/metrics/snapshot');
    expect(JSON.parse(body)).toMatchObject({ 'containerizer/mesos/container_destroy_errors': 0 });
  });
});

describe('commands through the socket', () => {
  it('answer what was written, text and bytes, and the exit code', async () => {
    const { socket } = await serve(async ({ request: { argv }, write }) => {
      write('stdout', `${argv.join(' ')}\n`);
      write('stderr', Uint8Array.of(0xff, 0x00));
      return 7;
    });
    const lines: unknown[] = [];
    expect(await callAgent(socket, command, (line) => lines.push(line))).toBe(7);
    expect(lines).toEqual([{ stdout: 'images\n' }, { stderr: { base64: '/wA=' } }]);
    expect(decodeChunk({ base64: '/wA=' })).toEqual(Buffer.of(0xff, 0x00));
  });

  it('take signals while they say so', async () => {
    const { socket } = await serve(
      ({ listen }) =>
        new Promise((resolve) => {
          const stop = listen((signal) => {
            stop();
            resolve(signal === 'SIGTERM' ? 15 : 1);
          });
        }),
    );
    const told: unknown[] = [];
    const exit = await callAgent(socket, command, (line) => {
      told.push(line);
      if ('signals' in line && line.signals !== null) {
        void signalCommand(socket, { to: line.signals, signal: 'SIGTERM' });
      }
    });
    expect([exit, told]).toEqual([15, [{ signals: expect.any(String) }, { signals: null }]]);
    await signalCommand(socket, { to: 'nobody', signal: 'SIGTERM' });
  });

  it('are told when their client is gone', async () => {
    let gone: Promise<unknown> | undefined;
    const { socket } = await serve(async (call) => {
      gone = new Promise((resolve) => call.gone.addEventListener('abort', resolve));
      call.write('stdout', 'up');
      await gone;
      return 0;
    });
    const leaving = new AbortController();
    const calling = callAgent(socket, command, () => leaving.abort(), leaving.signal);
    await expect(calling).rejects.toMatchObject({ code: 'AGENT_GONE' });
    await gone;
  });

  it('lose their stream when nobody takes it, before it fills the memory', async () => {
    let written = 0;
    let lost: () => void;
    const loss = new Promise<void>((resolve) => (lost = resolve));
    const { socket } = await serve(async (call) => {
      while (!call.gone.aborted) {
        call.write('stdout', 'x'.repeat(2 ** 20));
        written += 1;
        await new Promise(setImmediate);
      }
      lost();
      return 0;
    });
    const client = connect(socket).pause();
    const text = JSON.stringify(command);
    const headers = ['host: x', 'content-type: application/json', `content-length: ${text.length}`];
    client.write(`POST /cli/v1 HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${text}`);
    await loss;
    client.destroy();
    expect(written).toBeLessThan(64);
  });

  it.each([{}, { ...command, argv: 'images' }, { ...command, workingDirectory: 'here' }, null])(
    'are refused when they are none: %j',
    async (body) => {
      const { socket } = await serve();
      expect((await ask(socket, 'POST', '/cli/v1', body ?? 'null', 'application/json')).status).toBe(400);
    },
  );

  it('find nobody where nobody is', async () => {
    expect(await callAgent(join(folder, 'agent.sock'), command, () => {})).toBeUndefined();
    writeFileSync(join(folder, 'agent.sock'), '');
    expect(await callAgent(join(folder, 'agent.sock'), command, () => {})).toBeUndefined();
  });
});

describe('the socket', () => {
  it("is the owner's alone, replaces what a dead agent left, and goes with the agent", async () => {
    mkdirSync(root, { mode: 0o700 });
    writeFileSync(join(root, 'agent.sock'), '');
    const served = await serve();
    expect(served.socket).toBe(join(root, 'agent.sock'));
    expect(statSync(served.socket).mode & 0o7777).toBe(0o600);
    expect(statSync(served.socket).isSocket()).toBe(true);
    await served.close();
    expect(statSync(served.socket, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('is beside the root where the path is too long for an address', () => {
    const long = `/${'x'.repeat(200)}`;
    const environment = { XDG_RUNTIME_DIR: '/run/user/7' };
    expect(socketPathOf(long, environment)).toMatch(/^\/run\/user\/7\/keelson\/[0-9a-f]{32}\.sock$/);
    const fitting = `/${'x'.repeat(107 - '/agent.sock'.length - 1)}`;
    expect(socketPathOf(fitting, environment)).toBe(`${fitting}/agent.sock`);
    expect(socketPathOf(`${fitting}x`, environment)).toMatch(/^\/run\/user\/7\//);
  });

  it('cannot be made where a folder is in its place, and the root is given back then', async () => {
    mkdirSync(join(root, 'agent.sock'), { recursive: true, mode: 0o700 });
    await expect(serve()).rejects.toMatchObject({ code: 'SOCKET_UNUSABLE' });
    rmSync(join(root, 'agent.sock'), { recursive: true });
    await serve();
  });
});
