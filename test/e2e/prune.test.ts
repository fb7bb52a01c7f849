import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../support/needs.js';
import { mountsBelow } from './support/mounts.js';
import { useWorld, wanted } from './support/world.js';

describe('prune', () => {
  const world = useWorld();
  beforeEach((context) => needs(context, ...wanted));

  it('keeps what a running container stands on, and the container goes on reading its files', async () => {
    const keelson = world.keelson();
    const shared = join(world.folder, 'signals');
    mkdirSync(shared);
    const script = 'echo started; while [ ! -e /signals/go ]; do sleep 0.05; done; cat /srv/index.html /usr/lib/app/f7';
    const words = ['run', '--name', 'reader', '-v', `${shared}:/signals`, world.reference('web'), '--', 'sh', '-c', script];
    const running = keelson.start(...words);
    await running.said('started');
    await keelson.json('pull', world.reference('whiteouts'), world.reference('busybox'));

    const plan = await keelson.json('plan');
    const answer = await keelson.json('prune', '--wait');

    const gone = answer.removed.images.map((image: any) => image.reference).toSorted();
    expect(gone).toEqual([world.reference('busybox'), world.reference('whiteouts')].toSorted());
    expect(answer.removed.layers).toHaveLength(1);
    expect(answer.removed.layers).toEqual(plan.remove.layers);
    expect(answer.skipped).toEqual([]);
    expect(answer.bytes.planned).toBeGreaterThan(0);
    expect(answer.bytes.unlinked).toBeGreaterThan(0);
    expect(readdirSync(join(keelson.root, 'store/docker/layers'))).toHaveLength(3);
    expect((await keelson.json('ps')).containers).toMatchObject([{ id: 'reader', state: 'RUNNING' }]);

    writeFileSync(join(shared, 'go'), '');
    const end = await running.outcome;
    expect([end.exitCode, end.stdout]).toEqual([0, 'started\n<h1>Keelson</h1>\nfile 7\n']);

    await keelson.json('prune', '--wait');
    expect(readdirSync(join(keelson.root, 'store/docker/layers'))).toEqual([]);
    expect(readdirSync(join(keelson.root, 'store/docker/gc'))).toEqual([]);
    expect(mountsBelow(keelson.root)).toEqual([]);
  });

  it('keeps what is excluded under any of its names, and tells which exclusions matched nothing', async () => {
    const keelson = world.keelson();
    await keelson.json('pull', world.reference('web'), world.reference('busybox'));
    const tagless = world.reference('busybox').replace(':latest', '');
    const answer = await keelson.json('prune', '--exclude', tagless, '--exclude', 'mysql');
    expect(answer.removed.images.map((image: any) => image.reference)).toEqual([world.reference('web')]);
    expect(answer.unmatchedExclusions).toEqual(['mysql']);
    expect((await keelson.json('images')).images).toHaveLength(1);
  });

  it('moves nothing when one exclusion is not a reference', async () => {
    const keelson = world.keelson();
    await keelson.json('pull', world.reference('busybox'));
    const refused = await keelson.run('prune', '--exclude', world.reference('busybox'), '--exclude', 'Not:A:Name');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/^keelson: INVALID_REFERENCE: /);
    expect((await keelson.json('images')).images).toHaveLength(1);
  });

  it('changes nothing as a dry run, and applies a plan only while it holds', async () => {
    const keelson = world.keelson();
    await keelson.json('pull', world.reference('busybox'));
    const plan = await keelson.json('plan');
    expect((await keelson.json('prune', '--dry-run')).hash).toBe(plan.hash);
    expect((await keelson.json('images')).images).toHaveLength(1);
    await keelson.json('pull', world.reference('app'));
    const stale = await keelson.run('prune', '--apply', plan.hash);
    expect([stale.exitCode, stale.stderr.includes('PLAN_STALE')]).toEqual([1, true]);
    await keelson.json('prune', '--apply', (await keelson.json('plan')).hash);
    expect((await keelson.json('images')).images).toEqual([]);
  });

  it('keeps a provisioned root filesystem until it is destroyed', async () => {
    const keelson = world.keelson();
    const { containerId, rootfs } = await keelson.json('provision', '--id', 'mine', world.reference('app'));
    expect((await keelson.json('ps')).containers).toMatchObject([{ id: 'mine', state: 'PROVISIONED' }]);
    expect((await keelson.json('prune')).removed.layers).toEqual([]);
    expect(existsSync(join(rootfs, 'bin/busybox'))).toBe(true);
    await keelson.json('destroy', containerId);
    expect(existsSync(rootfs)).toBe(false);
    const unknown = await keelson.run('destroy', containerId);
    expect([unknown.exitCode, unknown.stderr.includes('NO_SUCH_CONTAINER')]).toEqual([1, true]);
    expect((await keelson.json('prune', '--wait')).removed.layers).toHaveLength(2);
  });
});
