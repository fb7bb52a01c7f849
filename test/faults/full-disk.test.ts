import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentOptions } from '@keelson/agent';
import { Agent } from '@keelson/agent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLayout } from '../../packages/agent/test/support/oci-layout.js';
import { run } from '../support/keelson-command.js';
import { needs } from '../support/needs.js';

/** A small file system of its own for each test, and images beside it. */
let folder: string;
let disk: string;
let root: string;
let source: (name: string) => string;
const agents: Agent[] = [];

beforeEach((context) => {
  needs(context, 'root');
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-full-'));
  disk = join(folder, 'disk');
  root = join(disk, 'root');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m,mode=700', 'tmpfs', disk]);
  source = writeLayout(join(folder, 'layout'), ['left', 'right', 'third']);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
  if (disk) execFileSync('umount', ['-l', disk]);
  if (folder) rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<AgentOptions> = {}): Promise<Agent> {
  const agent = Agent.create({ root, backend: 'copy', lockTimeoutMs: 0, ...options });
  agents.push(agent);
  await agent.start();
  return agent;
}

/** Takes what is left but for `freeBytes`; answers how to give it back. */
function fill(freeBytes: number): () => void {
  const ballast = join(disk, 'ballast');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - freeBytes)));
  return () => rmSync(ballast);
}

const codeOf = (answer: PromiseLike<unknown>): Promise<string> =>
  Promise.resolve(answer).then(() => 'none', (error: { code?: string }) => error.code ?? 'no code');
const names = async (agent: Agent) => (await agent.images()).map(({ reference }) => reference);
const left = (name: string) => readdirSync(join(root, 'store/docker', name));

describe('a full disk', () => {
  it('refuses a pull with its code, keeps what is there, and can be pruned', async () => {
    const agent = await start();
    const first = await agent.pull(source('left'));
    fill(8192);
    expect(await codeOf(agent.pull(source('right')))).toBe('ENOSPC');
    expect(await names(agent)).toEqual([first.reference]);
    expect((await agent.check()).problems).toEqual([]);

    const report = await agent.pruneImages({ wait: true });
    expect(report.removed.images.map(({ reference }) => reference)).toEqual([first.reference]);
    expect([left('layers'), left('staging'), left('gc')]).toEqual([[], [], []]);
    expect(await names(agent)).toEqual([]);
  });

  it('is made room on once for a pull, by an agent that collects images', async () => {
    // A mark that is never reached: nothing but the pull itself asks for room.
    const agent = await start({ imageGc: { highWatermark: 1, lowWatermark: 0.99, minAgeMs: 0 } });
    const runs: string[] = [];
    agent.events.subscribe((event) => event.type === 'IMAGE_GC' && runs.push(`${event.trigger} ${event.images.length}`));
    const first = await agent.pull(source('left'));
    fill(8192);
    const second = await agent.pull(source('right'));
    expect(await names(agent)).toEqual([second.reference]);
    expect(runs).toEqual(['disk-full 1']);
    expect((await agent.check()).problems).toEqual([]);

    await agent.pin([second.reference]);
    expect(await codeOf(agent.pull(source('third')))).toBe('ENOSPC');
    expect(await names(agent)).toEqual([second.reference]);
    expect(first.reference).not.toBe(second.reference);
  });

  it('lets an agent start, to be pruned', async () => {
    const first = await start();
    const { reference } = await first.pull(source('left'));
    await first.close();
    fill(0);
    const second = await start();
    expect(await names(second)).toEqual([reference]);
    await second.pruneImages({ wait: true });
    expect(left('layers')).toEqual([]);
  });

  it('is used again when there is room', async () => {
    const agent = await start();
    const empty = fill(4096);
    expect(await codeOf(agent.pull(source('left')))).toBe('ENOSPC');
    empty();
    await agent.pull(source('left'));
    expect((await agent.check()).ok).toBe(true);
    expect(left('staging')).toEqual([]);
  });
});

describe('a file system that turned read-only after an error of its disk', () => {
  it('refuses every change with its code, and still tells what is there', async (context) => {
    needs(context, 'mkfs.ext4');
    const file = join(folder, 'ext4');
    const mounted = join(folder, 'mounted');
    mkdirSync(mounted);
    execFileSync('truncate', ['-s', '64M', file]);
    execFileSync('mkfs.ext4', ['-q', '-F', file]);
    execFileSync('mount', ['-o', 'loop,errors=remount-ro', file, mounted]);
    try {
      root = join(mounted, 'root');
      const agent = await start();
      const { reference } = await agent.pull(source('left'));
      const device = execFileSync('findmnt', ['-no', 'SOURCE', mounted]).toString().trim().replace('/dev/', '');
      writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, 'by a test');
      expect(await codeOf(agent.pull(source('right')))).toBe('EROFS');
      expect(await codeOf(agent.untag([reference]))).toBe('EROFS');
      expect(await names(agent)).toEqual([reference]);
      expect((await agent.check()).ok).toBe(true);
      await agents.pop()!.close();
    } finally {
      execFileSync('umount', ['-l', mounted]);
    }
  });
});

describe('too few descriptors', () => {
  it('fail a command with its code, or do, and leave a store that is whole', async () => {
    const words = ['--root', root, 'pull', source('left')];
    for (const limit of [24, 30, 40]) {
      const script = `ulimit -n ${limit}; exec "$0" "$@"`;
      const cli = join(fileURLToPath(new URL('.', import.meta.url)), '../../packages/cli/bin/keelson.js');
      const end = await execute('sh', ['-c', script, process.execPath, cli, ...words]);
      if (end.exitCode !== 0) expect(end.stderr).toMatch(/EMFILE|too many open files|ENFILE/i);
    }
    expect((await run(words)).exitCode).toBe(0);
    const checked = await run(['--root', root, '--json', 'check']);
    expect(JSON.parse(checked.stdout)).toEqual({ ok: true, problems: [], repaired: [] });
  });
});

async function execute(program: string, words: readonly string[]): Promise<{ exitCode: number; stderr: string }> {
  try {
    execFileSync(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    return { exitCode: 0, stderr: '' };
  } catch (error) {
    const { status, stderr } = error as { status: number | null; stderr: Buffer };
    return { exitCode: status ?? 1, stderr: String(stderr) };
  }
}
