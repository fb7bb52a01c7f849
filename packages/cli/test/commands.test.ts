import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Agent } from '@keelson/agent';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { World } from './support/keelson.js';
import { makeWorld, run } from './support/keelson.js';

const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/);
const layerId = expect.stringMatching(/^[0-9a-f]{64}$/);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

let world: World;
beforeEach(async () => {
  world = await makeWorld();
});
afterEach(() => world.remove());

describe('a root that is not there yet', { timeout: 180_000 }, () => {
  it('is empty, and is not made by looking', async () => {
    expect(await world.json('images')).toEqual({ images: [] });
    expect(await world.json('ps', '-a')).toEqual({ containers: [] });
    expect(await world.json('plan')).toMatchObject({
      remove: { images: [], layers: [] },
      keep: [],
      uniqueBytes: 0,
    });
    expect(await world.json('df')).toMatchObject({ liveBytes: 0, cachedBytes: 0, trashBytes: 0 });
    expect(existsSync(world.root)).toBe(false);
  });

  it('is made for its owner alone', async () => {
    await world.json('prune');
    expect(statSync(world.root).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(world.root, 'store/docker')).toSorted()).toEqual(
      expect.arrayContaining(['gc', 'layers', 'lock', 'staging']),
    );
  });

  it('is refused with the directory named when it cannot be made', async () => {
    const { exitCode, stderr } = await run(['--root', '/dev/null/x', 'prune']);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringMatching(/^keelson: ROOT_UNUSABLE: cannot make the directory \/dev\/null\/x: /),
    ]);
  });
});

describe('pull', { timeout: 180_000 }, () => {
  it('tells what it fetched and what was here', async () => {
    const first = await world.json('pull', world.reference('tally'), world.reference('library'));
    const [tally, library] = first.images;
    expect(tally).toEqual({
      reference: world.reference('tally'),
      digest,
      layers: Array.from({ length: 3 }, () => ({
        id: layerId,
        sizeBytes: expect.any(Number),
        reused: false,
      })),
      bytesDownloaded: expect.any(Number),
      elapsedMs: expect.any(Number),
    });
    expect(library.indexDigest).toEqual(digest);
    expect(library.layers.map(({ reused }: { reused: boolean }) => reused)).toEqual([true, true, false]);
    expect(tally.bytesDownloaded).toBeGreaterThan(5_000_000);
    expect(library.bytesDownloaded).toBeLessThan(10_000);

    const again = await world.json('pull', '--force', world.reference('tally'));
    expect(again.images[0]).toMatchObject({ digest: tally.digest, bytesDownloaded: 0 });
    expect(again.images[0].layers.every(({ reused }: { reused: boolean }) => reused)).toBe(true);
  });

  it('fails with the code of what went wrong, for people and for scripts', async () => {
    const missing = `${world.registry.host}/demo/nothing:1`;
    const { exitCode, stdout, stderr } = await world.keelson('--json', 'pull', missing);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'IMAGE_NOT_FOUND', message: expect.any(String), cause: expect.anything() },
    });
    expect(stderr).toMatch(/^keelson: IMAGE_NOT_FOUND: [^\n]*\n$/);
    expect((await world.keelson('pull', 'Not A Name')).stderr).toMatch(/^keelson: INVALID_REFERENCE: /);
  });

  it('says it to people in words, without progress where nobody watches', async () => {
    const { stdout, stderr } = await world.keelson('pull', world.reference('hello'));
    expect(stdout).toMatch(
      /demo\/hello:1 {2}sha256:[0-9a-f]{64}\n {2}2 layers, 0 of them here already, \S+ MB in /,
    );
    expect(stderr).toBe('');
  });
});

describe('images, why, df, plan and prune', { timeout: 180_000 }, () => {
  it('agree with each other about what is shared, kept and removed', async () => {
    await world.json('pull', world.reference('hello'), world.reference('tally'), world.reference('library'));
    await world.json('provision', '--id', 'mine', '--backend', 'copy', world.reference('library'));

    const { images } = await world.json('images');
    expect(images.map(({ reference }: { reference: string }) => reference)).toEqual(
      ['hello', 'library', 'tally'].map((name) => world.reference(name as 'hello')),
    );
    const library = images[1];
    expect(library).toEqual({
      reference: world.reference('library'),
      digest,
      sizeBytes: expect.any(Number),
      uniqueBytes: expect.any(Number),
      sharedBytes: expect.any(Number),
      created: '1970-01-01T00:00:00.000Z',
      pulledAt: time,
      lastUsedAt: expect.toSatisfy((value) => value === null || typeof value === 'string'),
      pinned: false,
      usedBy: ['mine'],
    });
    expect(library.uniqueBytes + library.sharedBytes).toBe(library.sizeBytes);

    const why = await world.json('why', world.reference('library'));
    expect(why).toEqual({
      object: world.reference('library'),
      kept: true,
      chains: [['container mine', world.reference('library')]],
    });
    expect(await world.json('why', world.reference('hello'))).toEqual({
      object: world.reference('hello'),
      kept: false,
      chains: [],
    });

    const plan = await world.json('plan', '--exclude', world.reference('hello'), '--exclude', 'mysql');
    expect(plan).toEqual({
      hash: expect.any(String),
      storeVersion: expect.any(Number),
      remove: {
        images: [{ reference: world.reference('tally'), digest, uniqueBytes: expect.any(Number) }],
        layers: [{ id: layerId, sizeBytes: expect.any(Number) }],
      },
      keep: expect.arrayContaining([
        { object: world.reference('hello'), why: expect.stringContaining('excluded') },
      ]),
      unmatchedExclusions: ['mysql'],
      uniqueBytes: expect.any(Number),
    });
    const { why: reason, kept } = { ...(await world.json('why', plan.remove.layers[0].id)), why: undefined };
    expect([reason, kept]).toEqual([undefined, false]);

    const usage = await world.json('df');
    const report = await world.json(
      'prune',
      '--wait',
      '--exclude',
      world.reference('hello'),
      '--exclude',
      'mysql',
    );
    expect(report).toEqual({
      removed: plan.remove,
      kept: expect.arrayContaining([{ object: world.reference('library'), why: expect.any(String) }]),
      skipped: [],
      unmatchedExclusions: ['mysql'],
      bytes: { planned: plan.uniqueBytes, unlinked: expect.any(Number), measured: expect.any(Number) },
      lockHeldMs: expect.any(Number),
    });
    expect(report.bytes.unlinked).toBeGreaterThan(5_000_000);
    const after = await world.json('df');
    expect(after.liveBytes).toBe(usage.liveBytes);
    expect(usage.cachedBytes - after.cachedBytes).toBe(plan.uniqueBytes);
    expect(after).toMatchObject({
      trashBytes: expect.any(Number),
      stagingBytes: expect.any(Number),
      unaccountedBytes: 0,
    });
    expect(readdirSync(join(world.root, 'store/docker/gc'))).toEqual([]);
  });

  it('finish the sweep before an embedded prune ends, though the answer does not wait for it', async () => {
    await world.json('pull', world.reference('tally'));
    const report = await world.json('prune');
    expect(report.bytes.unlinked).toBe(0);
    expect(readdirSync(join(world.root, 'store/docker/gc'))).toEqual([]);
    expect(readdirSync(join(world.root, 'store/docker/layers'))).toEqual([]);
  });

  it('apply a plan while it holds, and refuse it afterwards', async () => {
    await world.json('pull', world.reference('hello'));
    const { hash } = await world.json('prune', '--dry-run');
    await world.json('pull', world.reference('library'));
    const stale = await world.keelson('prune', '--apply', hash);
    expect([stale.exitCode, stale.stderr]).toEqual([1, expect.stringMatching(/^keelson: PLAN_STALE: /)]);
    expect((await world.json('images')).images).toHaveLength(2);
    await world.json('prune', '--apply', (await world.json('plan')).hash);
    expect((await world.json('images')).images).toEqual([]);
  });

  it('know nothing of what is not there', async () => {
    const unknown = await world.keelson('why', 'nothing');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      expect.stringMatching(/^keelson: NO_SUCH_OBJECT: /),
    ]);
  });

  it('read well', async () => {
    await world.json('pull', world.reference('hello'));
    expect((await world.keelson('images')).stdout).toMatch(
      /^REFERENCE +DIGEST +SIZE +UNIQUE +SHARED +PULLED +LAST USED +PINNED +USED BY\n.*demo\/hello:1 /,
    );
    expect((await world.keelson('plan')).stdout).toMatch(
      /^remove {2}.*demo\/hello:1 .*\n[^]*keelson prune --apply [0-9a-f]+\n$/,
    );
    expect((await world.keelson('prune')).stdout).toMatch(/1 image and 2 layers gone, /);
    expect((await world.keelson('prune')).stdout).toBe('Nothing to remove.\n');
  });
});

describe('provision and destroy', { timeout: 180_000 }, () => {
  it('make a root filesystem, protect it, list it, and take it away', async () => {
    const made = await world.json('provision', '--backend', 'copy', world.reference('library'));
    expect(made).toEqual({
      containerId: expect.any(String),
      rootfs: expect.any(String),
      backend: 'copy',
      layers: [layerId, layerId, layerId],
    });
    expect(existsSync(join(made.rootfs, 'usr/share/library/story.txt'))).toBe(true);
    expect(await world.json('ps')).toEqual({
      containers: [
        expect.objectContaining({
          id: made.containerId,
          image: world.reference('library'),
          state: 'PROVISIONED',
          pid: null,
          createdAt: time,
          exitStatus: null,
        }),
      ],
    });
    expect(await world.json('destroy', made.containerId)).toEqual({
      containerId: made.containerId,
      destroyed: true,
    });
    expect(existsSync(made.rootfs)).toBe(false);
    expect(await world.json('ps', '-a')).toEqual({ containers: [] });
  });

  it('refuse a name that is taken, and one that is unknown', async () => {
    await world.json('provision', '--id', 'mine', '--backend', 'copy', world.reference('hello'));
    const taken = await world.keelson(
      'provision',
      '--id',
      'mine',
      '--backend',
      'copy',
      world.reference('hello'),
    );
    expect([taken.exitCode, taken.stderr]).toEqual([
      1,
      expect.stringMatching(/^keelson: CONTAINER_EXISTS: /),
    ]);
    const unknown = await world.keelson('destroy', 'nobody');
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      'keelson: NO_SUCH_CONTAINER: there is no container nobody\n',
    ]);
    const invalid = await world.keelson('provision', '--id', '../x', world.reference('hello'));
    expect([invalid.exitCode, readdirSync(join(world.root, '..'))]).toEqual([1, ['root']]);
  });
});

describe('the lock of the store', { timeout: 180_000 }, () => {
  it('is held by one command at a time; another waits, then fails with the pid of the owner', async () => {
    const agent = Agent.create({ root: world.root });
    await agent.start();
    const refused = await world.keelson('--lock-timeout', '0', 'prune');
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      expect.stringMatching(new RegExp(`^keelson: STORE_LOCKED: .*process ${process.pid} `)),
    ]);
    expect((await world.keelson('images')).exitCode).toBe(0);
    expect((await world.keelson('plan')).exitCode).toBe(0);
    expect((await world.keelson('prune', '--dry-run')).exitCode).toBe(0);

    const waiting = world.start('prune');
    await waiting.said(`waiting for process ${process.pid}`);
    await agent.close();
    expect((await waiting.outcome).exitCode).toBe(0);
  });

  it('falls with a command that is killed', async () => {
    mkdirSync(world.root);
    const agent = Agent.create({ root: world.root });
    await agent.start();
    const waiting = world.start('prune');
    await waiting.said('waiting for process');
    waiting.child.kill('SIGKILL');
    await waiting.outcome;
    await agent.close();
    expect((await world.keelson('--lock-timeout', '0', 'prune')).exitCode).toBe(0);
  });
});
