import { mkdtempSync, rmSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandCall, ServedAgent } from '@keelson/agent/server';
import { serveAgent } from '@keelson/agent/server';
import type { CommandRequest } from '@keelson/agent/client';
import { callAgent, decodeChunk, signalCommand, socketPathOf } from '@keelson/agent/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask } from './support/serving.js';

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
  const configuration = { root: at, backend: 'copy', lockTimeoutMs: 0, shutdownTimeoutMs: 1_000 } as const;
  const served = await serveAgent(configuration, { version: '1.2.3', run });
  open.push(served);
  return served;
}

const command: CommandRequest = {
  argv: ['images'],
  workingDirectory: '/',
  environment: {},
  stdout: { isTTY: false },
  stderr: { isTTY: false },
};

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
      const asking = { method: 'POST', path: '/cli/v1', body: body ?? 'null' };
      expect((await ask({ socket }, asking)).status).toBe(400);
    },
  );

  it('are told by an agent that serves none', async () => {
    const served = await serveAgent({ root, backend: 'copy', lockTimeoutMs: 0 }, { version: '1.2.3' });
    open.push(served);
    await expect(callAgent(served.socket, command, () => {})).rejects.toMatchObject({
      code: 'AGENT_GONE',
      message: expect.stringContaining('it serves no commands'),
    });
  });

  it('may finish while the agent stops, and are told no new ones', async () => {
    let finish: () => void = () => {};
    const begun = new Promise<void>((started) => {
      void serve(async () => {
        started();
        await new Promise<void>((done) => (finish = done));
        return 7;
      }).then(() => void exits.push(callAgent(join(root, 'agent.sock'), command, () => {})));
    });
    const exits: Promise<number | undefined>[] = [];
    await begun;
    const closing = open[0]!.close();
    expect(await callAgent(join(root, 'agent.sock'), command, () => {})).toBeUndefined();
    finish();
    expect(await exits[0]).toBe(7);
    await closing;
  });

  it('are given up when they do not finish in time, and the root is free then', async () => {
    const run: Run = (call) => new Promise((done) => call.gone.addEventListener('abort', () => done(1)));
    const served = await serveAgent(
      { root, backend: 'copy', lockTimeoutMs: 0, shutdownTimeoutMs: 0 },
      { version: '1.2.3', run },
    );
    let told = false;
    const calling = callAgent(served.socket, command, () => (told = true));
    calling.catch(() => {});
    await ask(served, { path: '/healthz' });
    await served.close();
    await expect(calling).rejects.toMatchObject({ code: 'AGENT_GONE' });
    expect(told).toBe(false);
    await serve();
  });

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
