import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

const sh = (script: string): string[] => ['--', '/bin/sh', '-c', script];
const forever = 'while :; do sleep 0.05; done';

let world: World;
let signals: string;
beforeEach(async (context) => {
  needs(context, 'root', 'unshare');
  signals = mkdtempSync(join(tmpdir(), 'keelson-signals-'));
  world = await makeWorld();
});
afterEach(async () => {
  rmSync(signals, { recursive: true, force: true });
  await world?.remove();
});

/** Starts a container that nobody stays with. */
function detached(id: string, script: string): Promise<unknown> {
  const volume = `${signals}:/signal`;
  return world.json('run', '-d', '--name', id, '-v', volume, world.reference('hello'), ...sh(script));
}

const untilGo = 'while [ ! -e /signal/go ]; do sleep 0.05; done';
const go = (): void => writeFileSync(join(signals, 'go'), '');

describe('a detached container', { timeout: 180_000 }, () => {
  it('runs on after its command, and is waited for while nobody owns the store', async () => {
    expect(await detached('mine', `echo out; echo err >&2; ${untilGo}; exit 7`)).toEqual({
      containerId: 'mine',
    });
    expect((await world.json('ps')).containers).toMatchObject([{ id: 'mine', state: 'RUNNING' }]);
    const waiting = world.start('--json', 'wait', 'mine');
    await world.json('prune');
    go();
    expect(JSON.parse((await waiting.outcome).stdout)).toEqual({
      containerId: 'mine',
      exitStatus: 7,
      signal: null,
    });
    expect(await world.keelson('logs', 'mine')).toEqual({ exitCode: 0, stdout: 'out\n', stderr: 'err\n' });
    expect(await world.json('rm', 'mine')).toEqual({ containerId: 'mine', removed: true });
    expect((await world.json('ps', '-a')).containers).toEqual([]);
  });

  it('is killed, and by no other signal than the one asked for', async () => {
    await detached('mine', `trap 'echo TERM' TERM; echo up; ${forever}`);
    expect(await world.json('kill', '-s', 'term', 'mine')).toEqual({ containerId: 'mine', signal: 'SIGTERM' });
    const following = world.begin('logs', '-f', 'mine');
    await following.said('up\nTERM\n');
    expect(await world.json('kill', 'mine')).toEqual({ containerId: 'mine', signal: 'SIGKILL' });
    expect((await following.outcome).exitCode).toBe(0);
    expect(await world.json('wait', 'mine')).toEqual({
      containerId: 'mine',
      exitStatus: 137,
      signal: 'SIGKILL',
    });
    expect((await world.keelson('wait', 'mine')).stdout).toBe('137\n');
    expect((await world.keelson('kill', 'mine')).stderr).toMatch(/^keelson: CONTAINER_NOT_RUNNING: .*EXITED/);
  });

  it('is removed only once it has ended', async () => {
    await detached('mine', forever);
    expect((await world.keelson('rm', 'mine')).stderr).toMatch(/^keelson: CONTAINER_RUNNING: /);
    await world.json('destroy', 'mine');
  });

  it('tells scripts what it wrote, as one document or line by line', async () => {
    await detached('mine', `printf 'a\\nb'; ${untilGo}; printf c >&2`);
    const following = world.start('--json', 'logs', '--follow', 'mine');
    await following.said('{"stream":"stdout","text":"a\\nb"}\n');
    go();
    expect((await following.outcome).stdout).toBe(
      '{"stream":"stdout","text":"a\\nb"}\n{"stream":"stderr","text":"c"}\n',
    );
    expect(await world.json('logs', 'mine')).toEqual({
      containerId: 'mine',
      stdout: 'a\nb',
      stderr: 'c',
      omittedBytes: { stdout: 0, stderr: 0 },
    });
  });
});

describe('containers that are unknown, or in which nothing runs', { timeout: 180_000 }, () => {
  it.each(['wait', 'kill', 'rm', 'logs'])('are refused by %s', async (command) => {
    expect(await world.keelson(command, 'nobody')).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: 'keelson: NO_SUCH_CONTAINER: there is no container nobody\n',
    });
  });

  it('cannot be waited for', async () => {
    await world.json('provision', '--id', 'mine', '--backend', 'copy', world.reference('hello'));
    expect((await world.keelson('wait', 'mine')).stderr).toMatch(/^keelson: CONTAINER_NOT_RUNNING: /);
    expect(await world.keelson('logs', '-f', 'mine')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });
});
