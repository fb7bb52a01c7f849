import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ServedAgent } from '@keelson/agent/server';
import { missing, needs } from '../support/needs.js';
import type { Keelson } from './support/keelson.js';
import { useWorld, wanted } from './support/world.js';

const world = useWorld();

describe.each(['runc', 'crun', 'linux'])('containers by the %s launcher', (launcher) => {
  const needed = [...wanted, ...(launcher === 'linux' ? (['unshare'] as const) : [launcher as 'runc'])];
  beforeEach((context) => needs(context, ...needed));
  let keelson: Keelson;
  let served: ServedAgent | undefined;
  beforeAll(async () => {
    if (needed.some((need) => missing(need) !== undefined)) return;
    keelson = world.keelson();
    await keelson.json('pull', world.reference('app'));
    served = await keelson.serve();
  });
  afterAll(() => served?.close());
  const words = ['run', '--rm', '--launcher', launcher];
  const run = (...more: string[]) => keelson.ask(...words, ...more);
  const sh = (script: string): string[] => [world.reference('app'), '--', 'sh', '-c', script];

  it('print what their command prints', async () => {
    const argv = [world.reference('app'), '--', 'echo', 'hello', 'from a container'];
    const said = { exitCode: 0, stdout: 'hello from a container\n', stderr: '' };
    expect(await run(...argv)).toEqual(said);
    await served?.close();
    expect(await keelson.run(...words, ...argv)).toEqual(said);
    served = await keelson.serve();
  });

  it('give their exit status, get the environment of image and user, and are alone in their process tree', async () => {
    const script = 'echo $APP $MINE; ls /proc | grep -c "^[0-9]"; exit 42';
    const { exitCode, stdout } = await run('-e', 'MINE=1', ...sh(script));
    const [environment, processes] = stdout.split('\n');
    expect([exitCode, environment]).toEqual([42, 'yes 1']);
    expect(Number(processes)).toBeGreaterThan(0);
    expect(Number(processes)).toBeLessThan(6);
  });

  it('see the volumes they were given, and only read those that are read-only', async () => {
    const shared = join(world.folder, `volume-${launcher}`);
    mkdirSync(shared);
    writeFileSync(join(shared, 'in'), 'from outside');
    const script = 'cat /data/in; echo inside > /data/out; echo no > /fixed/out || echo refused';
    const end = await run('-v', `${shared}:/data`, '-v', `${shared}:/fixed:ro`, ...sh(script));
    expect(end.stdout).toBe('from outsiderefused\n');
    expect(readFileSync(join(shared, 'out'), 'utf8')).toBe('inside\n');
  });

  it('tell a command that is missing from one that may not run', async () => {
    expect((await run(world.reference('app'), '--', '/no/such/program')).exitCode).toBe(127);
    expect((await run(world.reference('app'), '--', '/etc/passwd')).exitCode).toBe(126);
  });

  it('run as the user asked for, in the folder asked for', async () => {
    const end = await run('-u', 'web', '-w', '/usr/lib', ...sh('id -u; pwd'));
    expect(end.stdout).toBe('1000\n/usr/lib\n');
  });

  it('of the bind backend see their layer, and cannot write to it', async () => {
    const script = 'echo x > /written || echo refused; ls /bin/busybox';
    const end = await run('--backend', 'bind', world.reference('busybox'), '--', 'sh', '-c', script);
    expect(end.stdout).toBe('refused\n/bin/busybox\n');
    const again = await run(world.reference('busybox'), '--', 'ls', '/');
    expect(again.stdout).not.toContain('written');
  });

  it('leave nothing behind with --rm', async () => {
    await run(world.reference('app'), '--', 'true');
    expect((await keelson.json('ps', '-a')).containers).toEqual([]);
  });
});
