import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

const sh = (script: string): string[] => ['--', '/bin/sh', '-c', script];
const forever = 'while :; do sleep 0.05; done';

let world: World;
beforeEach(async (context) => {
  needs(context, 'root', 'unshare');
  world = await makeWorld();
});
afterEach(() => world?.remove());

describe('run', { timeout: 180_000 }, () => {
  it('passes both streams through and ends with the status of its container', async () => {
    const end = await world.keelson(
      'run',
      '--rm',
      world.reference('hello'),
      ...sh('echo out; echo err >&2; exit 42'),
    );
    expect(end).toEqual({ exitCode: 42, stdout: 'out\n', stderr: 'err\n' });
    expect(await world.json('ps', '-a')).toEqual({ containers: [] });
  });

  it('leaves an ended container listed, protecting nothing, until it is destroyed', async () => {
    await world.here('run', '--name', 'mine', world.reference('hello'), ...sh('exit 3'));
    expect(await world.json('ps')).toEqual({ containers: [] });
    expect((await world.json('ps', '-a')).containers).toMatchObject([
      { id: 'mine', state: 'EXITED', exitStatus: 3, pid: null },
    ]);
    expect((await world.json('prune')).removed.images).toHaveLength(1);
    const taken = await world.here('run', '--name', 'mine', world.reference('hello'));
    expect([taken.exitCode, taken.stderr]).toEqual([
      125,
      expect.stringMatching(/^keelson: CONTAINER_EXISTS: /),
    ]);
    expect(await world.json('destroy', 'mine')).toEqual({ containerId: 'mine', destroyed: true });
    expect((await world.json('ps', '-a')).containers).toEqual([]);
  });

  it.each([
    [127, 'COMMAND_NOT_FOUND', ['--', '/no/such/program']],
    [126, 'COMMAND_NOT_EXECUTABLE', ['--', '/etc/passwd']],
  ])('ends with %i and %s for such a command', async (status, code, words) => {
    const end = await world.here('run', '--rm', world.reference('hello'), ...words);
    expect([end.exitCode, end.stderr]).toEqual([status, expect.stringContaining(`keelson: ${code}: `)]);
    expect((await world.json('ps', '-a')).containers).toEqual([]);
  });

  it('ends with 125 when it fails itself, and says so to scripts', async () => {
    const end = await world.here('--json', 'run', `${world.registry.host}/demo/nothing:1`);
    expect(end.exitCode).toBe(125);
    expect(JSON.parse(end.stdout).error.code).toBe('IMAGE_NOT_FOUND');
    expect(end.stderr).toMatch(/^keelson: IMAGE_NOT_FOUND: /);
  });

  it('hands SIGINT, SIGQUIT, SIGHUP and SIGTERM on to the container', async () => {
    const traps = ['INT', 'QUIT', 'HUP'].map((name) => `trap 'echo ${name}' ${name}`).join('; ');
    const script = `${traps}; trap 'echo TERM; exit 7' TERM; echo up; ${forever}`;
    const running = world.start('run', '--rm', world.reference('hello'), ...sh(script));
    await running.said('up\n');
    for (const name of ['INT', 'QUIT', 'HUP', 'TERM'] as const) {
      running.child.kill(`SIG${name}`);
      await running.said(`${name}\n`);
    }
    expect(await running.outcome).toEqual({ exitCode: 7, stdout: 'up\nINT\nQUIT\nHUP\nTERM\n', stderr: '' });
  });

  it('ends with 128 + n when a signal ended the container', async () => {
    const end = await world.here(
      'run',
      '--rm',
      world.reference('hello'),
      ...sh('exec 2>/dev/null; /bin/sh -c "kill -9 \\$\\$"'),
    );
    expect(end.exitCode).toBe(137);
  });

  it('gives the store back while its container runs, and the container reads on after a prune', async () => {
    const signals = mkdtempSync(join(tmpdir(), 'keelson-signals-'));
    const script = `echo up; while [ ! -e /signal/go ]; do sleep 0.05; done; cat /usr/share/library/story.txt`;
    const running = world.start(
      'run',
      '--rm',
      '--name',
      'reader',
      '-v',
      `${signals}:/signal`,
      world.reference('library'),
      ...sh(script),
    );
    await running.said('up\n');
    // It prints before its launch is over; the store is free soon after, and long before the container ends.
    await world.json('pull', world.reference('tally'));
    expect((await world.json('ps')).containers).toMatchObject([
      { id: 'reader', state: 'RUNNING', pid: expect.any(Number) },
    ]);
    const report = await world.json('--lock-timeout', '0', 'prune', '--wait');
    expect(report.removed.images).toMatchObject([{ reference: world.reference('tally') }]);
    writeFileSync(join(signals, 'go'), '');
    const end = await running.outcome;
    expect([end.exitCode, end.stdout]).toEqual([0, expect.stringContaining('A keelson lies along the keel')]);
    rmSync(signals, { recursive: true });
  });

  it('runs in a folder that is a root filesystem, in place', async () => {
    const { rootfs } = await world.json(
      'provision',
      '--id',
      'base',
      '--backend',
      'copy',
      world.reference('hello'),
    );
    const end = await world.keelson(
      'run',
      '--rm',
      '--rootfs',
      rootfs,
      ...sh('read -r line < /etc/greeting; echo "$line"'),
    );
    expect([end.exitCode, end.stdout]).toEqual([0, 'Hello from a root filesystem of my own.\n']);
    expect((await world.json('ps')).containers).toMatchObject([{ id: 'base' }]);
  });

  it('may be killed: its container goes on, and any later command finds it', async () => {
    const running = world.start(
      'run',
      '--name',
      'orphan',
      world.reference('hello'),
      ...sh(`echo up; ${forever}`),
    );
    await running.said('up\n');
    // It prints before its launch is over; only once its process is on record there is something to find.
    while (!existsSync(join(world.root, 'runtime/containers/orphan/pid'))) await new Promise(setImmediate);
    running.child.kill('SIGKILL');
    // Not its outcome: the container still holds its streams.
    await once(running.child, 'exit');
    expect((await world.json('ps')).containers).toMatchObject([{ id: 'orphan', state: 'RUNNING' }]);
    expect((await world.json('prune')).removed.images).toEqual([]);
    expect((await world.json('destroy', 'orphan')).destroyed).toBe(true);
    expect((await world.json('prune', '--wait')).removed.images).toHaveLength(1);
  });
});
