import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { missing, needs } from '../support/needs.js';
import { useWorld, wanted } from './support/world.js';

describe.each(['runc', 'crun', 'linux'])('containers by the %s launcher', (launcher) => {
  const world = useWorld();
  beforeEach((context) => needs(context, ...wanted, ...(launcher === 'linux' ? ['unshare'] : [launcher])));
  const run = (...words: string[]) => world.keelson().run('run', '--rm', '--launcher', launcher, ...words);

  it('print what their command prints', async () => {
    const end = await run(world.reference('app'), '--', 'echo', 'hello', 'from a container');
    expect([end.exitCode, end.stdout]).toEqual([0, 'hello from a container\n']);
  });

  it('give their exit status', async () => {
    expect((await run(world.reference('app'), '--', 'sh', '-c', 'exit 42')).exitCode).toBe(42);
  });

  it('get the environment of the image and of the user', async () => {
    const end = await run('-e', 'MINE=1', world.reference('app'), '--', 'sh', '-c', 'echo $APP $MINE');
    expect(end.stdout).toBe('yes 1\n');
  });

  it('see the volumes they were given, and only read those that are read-only', async () => {
    const shared = join(world.folder, `volume-${launcher}`);
    mkdirSync(shared);
    writeFileSync(join(shared, 'in'), 'from outside');
    const script = 'cat /data/in; echo inside > /data/out; echo no > /fixed/out || echo refused';
    const words = ['-v', `${shared}:/data`, '-v', `${shared}:/fixed:ro`, world.reference('app'), '--', 'sh', '-c', script];
    const end = await run(...words);
    expect(end.stdout).toBe('from outsiderefused\n');
    expect(readFileSync(join(shared, 'out'), 'utf8')).toBe('inside\n');
  });

  it('tell a command that is missing from one that may not run', async () => {
    expect((await run(world.reference('app'), '--', '/no/such/program')).exitCode).toBe(127);
    expect((await run(world.reference('app'), '--', '/etc/passwd')).exitCode).toBe(126);
  });

  it('run as the user asked for, in the folder asked for', async () => {
    const end = await run('-u', 'web', '-w', '/usr/lib', world.reference('app'), '--', 'sh', '-c', 'id -u; pwd');
    expect(end.stdout).toBe('1000\n/usr/lib\n');
  });

  it('are alone in their process tree', async () => {
    const end = await run(world.reference('app'), '--', 'sh', '-c', 'echo $$; ls /proc | grep -c "^[0-9]"');
    expect(Number(end.stdout.split('\n')[1])).toBeLessThan(6);
  });

  it('of the bind backend see their layer, and cannot write to it', async () => {
    const script = 'echo x > /written || echo refused; ls /bin/busybox';
    const end = await run('--backend', 'bind', world.reference('busybox'), '--', 'sh', '-c', script);
    expect(end.stdout).toBe('refused\n/bin/busybox\n');
    const again = await run(world.reference('busybox'), '--', 'ls', '/');
    expect(again.stdout).not.toContain('written');
  });

  it('leave nothing behind with --rm', async () => {
    const keelson = world.keelson();
    await keelson.run('run', '--rm', '--launcher', launcher, world.reference('app'), '--', 'true');
    expect((await keelson.json('ps')).containers).toEqual([]);
    expect(missing('root')).toBeUndefined();
  });
});
