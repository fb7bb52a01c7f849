import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Agent } from '@keelson/agent';
import type { ServedAgent } from '@keelson/agent/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import { embed } from './support/embedded-agent.js';
import type { World } from './support/keelson.js';
import { makeWorld, program } from './support/keelson.js';
import type { ServingAgent } from './support/serving-agent.js';
import { serve } from './support/serving-agent.js';

const sh = (script: string): string[] => ['--', '/bin/sh', '-c', script];
const forever = 'while :; do sleep 0.05; done';
const anyCount = expect.any(Number);
const untilGo = 'while [ ! -e /signal/go ]; do sleep 0.05; done';

let world: World;
let signals: string;
let agents: ServingAgent[];
let embedded: ServedAgent | undefined;
beforeEach(async () => {
  agents = [];
  embedded = undefined;
  signals = mkdtempSync(join(tmpdir(), 'keelson-signals-'));
  world = await makeWorld();
});
afterEach(async () => {
  for (const agent of agents) await agent.end('SIGKILL');
  await embedded?.close();
  rmSync(signals, { recursive: true, force: true });
  await world.remove();
});

async function serving(): Promise<ServingAgent> {
  const agent = await serve(world);
  agents.push(agent);
  return agent;
}

/** An agent in the test's process: where it is neither killed nor asked to end. */
async function served(): Promise<ServedAgent> {
  embedded = await embed(world);
  return embedded;
}

/**
 * Settles once `agent` is asked how a container ends. Who asks after the end of one that is removed at once hears that
 * there is none, and a command is long in starting.
 */
function nextWait(agent: Agent): Promise<void> {
  const wait = agent.wait.bind(agent);
  return new Promise((resolve) => {
    vi.spyOn(agent, 'wait').mockImplementationOnce((id) => {
      const end = wait(id);
      resolve();
      return end;
    });
  });
}

const go = (): void => writeFileSync(join(signals, 'go'), '');
const hello = (script: string): string[] => [
  '-v',
  `${signals}:/signal`,
  world.reference('hello'),
  ...sh(script),
];

describe('keelson agent', { timeout: 180_000 }, () => {
  it('tells where it listens, for its owner alone, and takes the socket away at the end', async () => {
    const agent = await serving();
    const socket = join(world.root, 'agent.sock');
    expect(agent.ready).toEqual({ ready: true, pid: agent.started.child.pid, socket, http: null });
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    expect(await agent.end()).toMatchObject({ exitCode: 0, stderr: '' });
    expect(existsSync(socket)).toBe(false);
  });

  it('never shares a root', async () => {
    const { ready } = await serving();
    const second = await world.keelson('--lock-timeout', '0', 'agent');
    expect([second.exitCode, second.stdout, second.stderr]).toEqual([
      1,
      '',
      expect.stringMatching(new RegExp(`^keelson: STORE_LOCKED: .*process ${ready.pid} `)),
    ]);
    // The one that came second must not have taken the first one's socket with it.
    expect((await world.keelson('--lock-timeout', '0', 'prune')).exitCode).toBe(0);
  });

  it('may be killed: commands do without it, and the next one takes its place', async () => {
    await (await serving()).end('SIGKILL');
    expect(existsSync(join(world.root, 'agent.sock'))).toBe(true);
    expect((await world.keelson('prune')).stdout).toBe('Nothing to remove.\n');
    await serving();
    expect((await world.keelson('--lock-timeout', '0', 'prune')).stdout).toBe('Nothing to remove.\n');
  });

  it('answers as a command that does its own work', async () => {
    await world.json('pull', world.reference('hello'));
    await world.json('pin', world.reference('hello'));
    await world.json('provision', '--id', 'mine', '--backend', 'copy', world.reference('tally'));
    const agent = await serving();
    const questions = [
      ['--json', 'images'],
      ['--json', 'ps'],
      ['df'],
      ['--json', 'df'],
      ['plan'],
      ['--json', 'plan', '--exclude', 'mysql'],
      ['prune', '--dry-run'],
      ['why', world.reference('tally')],
      ['why', 'nothing'],
      ['logs', 'mine'],
      ['logs', 'nobody'],
      ['wait', 'mine'],
      ['--json', 'wait', 'nobody'],
      ['kill', 'mine'],
      ['rm', 'mine'],
      ['rm', 'nobody'],
      ['destroy', 'nobody'],
      ['pin', 'nothing'],
      ['unpin', 'nothing'],
      ['untag', 'nothing'],
      ['pull', 'Not A Name'],
      ['pull', 'oci:./nowhere'],
      ['provision', '--id', 'mine', '--backend', 'copy', world.reference('hello')],
      ['run', '--memory', 'much', 'alpine'],
      ['prune', '--apply', 'stale'],
      ['frobnicate'],
    ];
    const answers = [];
    for (const words of questions) answers.push(await world.here(...words));
    await agent.end();
    for (const [index, words] of questions.entries()) {
      expect([words, await world.here(...words)]).toEqual([words, answers[index]]);
    }
  });

  it('removes what it is told to', async () => {
    await served();
    const pulled = await world.json('pull', world.reference('hello'), world.reference('tally'));
    expect(pulled.images).toMatchObject([{ reference: world.reference('hello') }, { bytesDownloaded: anyCount }]);
    const { images } = await world.json('pin', world.reference('hello'));
    expect(images).toMatchObject([{ reference: world.reference('hello'), pinned: true }]);
    const made = await world.json('provision', '--id', 'mine', '--backend', 'copy', world.reference('hello'));
    expect(existsSync(made.rootfs)).toBe(true);
    expect(await world.json('destroy', 'mine')).toEqual({ containerId: 'mine', destroyed: true });
    const report = await world.json('--lock-timeout', '0', 'prune', '--wait');
    expect(report.removed.images).toMatchObject([{ reference: world.reference('tally') }]);
    await world.json('untag', world.reference('hello'));
    expect((await world.json('prune')).removed.layers).toHaveLength(2);
    expect(await world.json('metrics')).toMatchObject({ 'store/prunes': 2, 'store/images_pruned': 1 });
  });

  it('reads names beginning where the command was given', async () => {
    await served();
    const end = await world.keelson('provision', '--backend', 'copy', 'oci:./nowhere');
    expect(end.stderr).toContain(join(process.cwd(), 'nowhere'));
  });
});

describe('containers of an agent', { timeout: 180_000 }, () => {
  beforeEach((context) => needs(context, 'root', 'unshare'));

  it('pass both streams through, byte for byte, and end with their status', async () => {
    await served();
    const script = "printf 'a\\377b'; echo err >&2; exit 42";
    const end = await world.keelson('run', '--rm', ...hello(script));
    expect(end).toEqual({ exitCode: 42, stdout: 'a\ufffdb', stderr: 'err\n' });
    expect(await world.json('ps', '-a')).toEqual({ containers: [] });
    const missing = await world.here('run', '--rm', world.reference('hello'), '--', '/no/such/program');
    expect([missing.exitCode, missing.stderr]).toEqual([
      127,
      expect.stringMatching(/^keelson: COMMAND_NOT_FOUND: /),
    ]);
  });

  it.each(['pipe', 'sockets', 'file', 'none'])('read the input of who runs them: %s', async (kind) => {
    await served();
    const script = 'while read -r line; do echo "got $line"; done; echo over';
    const argv = [program, '--root', world.root, 'run', '--rm', ...hello(script)];
    const lines = join(world.root, '../lines');
    writeFileSync(lines, 'one\ntwo\n');
    // Node makes a pair of sockets of a pipe, a shell a pipe.
    const shell = `cat "$0" | exec "$@"`;
    const file = kind === 'file' ? openSync(lines, 'r') : undefined;
    const child =
      kind === 'pipe'
        ? spawn('/bin/sh', ['-c', shell, lines, process.execPath, ...argv], { stdio: ['ignore', 'pipe', 2] })
        : spawn(process.execPath, argv, { stdio: [file ?? (kind === 'none' ? 'ignore' : 'pipe'), 'pipe', 2] });
    if (kind === 'sockets') child.stdin!.end('one\ntwo\n');
    const output = text(child.stdout!);
    if (file !== undefined) closeSync(file);

    expect(await output).toBe(kind === 'none' ? 'over\n' : 'got one\ngot two\nover\n');
  });

  it('get the signals of who runs them', async () => {
    await served();
    const script = `trap 'echo INT' INT; trap 'echo TERM; exit 7' TERM; echo up; ${forever}`;
    const running = world.start('run', '--rm', ...hello(script));
    await running.said('up\n');
    running.child.kill('SIGINT');
    await running.said('INT\n');
    running.child.kill('SIGTERM');
    expect(await running.outcome).toEqual({ exitCode: 7, stdout: 'up\nINT\nTERM\n', stderr: '' });
  });

  it('go on when who runs them goes, and are removed all the same', async () => {
    const { agent } = await served();
    const running = world.start('run', '--rm', '--name', 'mine', ...hello(`echo up; ${untilGo}`));
    await running.said('up\n');
    running.child.kill('SIGKILL');
    await running.outcome;
    const asked = nextWait(agent);
    const waiting = world.begin('wait', 'mine');
    await asked;
    expect((await world.json('ps')).containers).toMatchObject([{ id: 'mine', state: 'RUNNING' }]);
    go();
    expect(await waiting.outcome).toEqual({ exitCode: 0, stdout: '0\n', stderr: '' });
    while ((await world.json('ps', '-a')).containers.length > 0) await new Promise(setImmediate);
  });

  it('outlive it when it is killed: the next one knows them, and how they ended', async () => {
    const first = await serving();
    await world.json('run', '-d', '--name', 'mine', ...hello(`echo up; ${untilGo}; echo done; exit 9`));
    await world.json('run', '-d', '--name', 'short', ...hello(`${untilGo}; exit 3`));
    const following = world.begin('logs', '-f', 'mine');
    await following.said('up\n');
    await first.end('SIGKILL');
    expect(await following.outcome).toMatchObject({
      exitCode: 1,
      stdout: 'up\n',
      stderr: expect.stringMatching(/^keelson: AGENT_GONE: /),
    });
    expect((await world.json('ps')).containers).toMatchObject([{ state: 'RUNNING' }, { state: 'RUNNING' }]);

    await served();
    expect((await world.json('ps')).containers).toMatchObject([
      { id: 'mine', state: 'RUNNING' },
      { id: 'short', state: 'RUNNING' },
    ]);
    expect((await world.json('prune')).removed.images).toEqual([]);
    const waiting = world.begin('wait', 'mine');
    go();
    expect((await waiting.outcome).stdout).toBe('9\n');
    expect(await world.json('wait', 'short')).toMatchObject({ exitStatus: 3 });
    expect((await world.keelson('logs', 'mine')).stdout).toBe('up\ndone\n');
    expect((await world.json('rm', 'mine')).removed).toBe(true);
  });

  it('are left running when it ends', async () => {
    const agent = await serving();
    await world.json('run', '-d', '--name', 'mine', ...hello(forever));
    expect((await agent.end()).exitCode).toBe(0);
    expect((await world.json('ps')).containers).toMatchObject([{ id: 'mine', state: 'RUNNING' }]);
    await world.json('destroy', 'mine');
  });
});
