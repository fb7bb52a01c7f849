import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentEvent, AgentOptions } from '@keelson/agent';
import { Deferred } from '@keelson/process';
import { Agent, readOnlyView } from '@keelson/agent';
import { Observable } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLayout } from './support/oci-layout.js';

let folder: string;
let root: string;
let image: (name: string) => string;
const open: Agent[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'keelson-agent-'));
  root = join(folder, 'root');
  image = writeLayout(join(folder, 'layout'), ['left', 'right']);
});
afterEach(async () => {
  for (const agent of open.splice(0)) await agent.close();
  rmSync(folder, { recursive: true, force: true });
});

function create(options: Partial<AgentOptions> = {}): Agent {
  const agent = Agent.create({ root, backend: 'copy', ...options });
  open.push(agent);
  return agent;
}

async function started(options: Partial<AgentOptions> = {}): Promise<Agent> {
  const agent = create(options);
  await agent.start();
  return agent;
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('collecting images', () => {
  it('removes the least recently used beyond what the store may hold, by itself after a pull, and tells so', async () => {
    const agent = await started({ imageGc: { maxStoreBytes: 1, minAgeMs: 0, excludedImages: ['localhost/layout:left'] } });
    const runs: AgentEvent[] = [];
    agent.events.subscribe((event) => void (event.type === 'IMAGE_GC' && runs.push(event)));

    await agent.pull(image('left'));
    await agent.pull(image('right'));
    await agent.collectImages();

    expect((await agent.images()).map(({ reference }) => reference)).toEqual(['localhost/layout:left']);
    expect(runs.flatMap((run) => (run.type === 'IMAGE_GC' ? run.images : []))).toEqual(['localhost/layout:right']);
    expect((await agent.plan()).keep).toContainEqual({
      object: 'localhost/layout:left',
      why: 'excluded as localhost/layout:left',
    });
    const counted = Object.keys(await agent.metrics()).filter((name) => name.startsWith('image_gc/attempts/'));
    expect(counted.length).toBeGreaterThan(0);
  });

  it('tells a prune that a person asked for like any other run', async () => {
    const agent = await started();
    await agent.pull(image('left'));
    const run = new Promise<AgentEvent>((resolve) => {
      agent.events.subscribe((event) => void (event.type === 'IMAGE_GC' && resolve(event)));
    });
    await agent.pruneImages();
    expect(await run).toMatchObject({ trigger: 'manual', result: 'success', reason: 'all_unused', images: ['localhost/layout:left'] });
  });
});

describe('the life of an agent', () => {
  it('touches nothing before it is started, and serves nothing', async () => {
    const agent = create();
    await expect(agent.pull('alpine').toPromise()).rejects.toEqual(code('AGENT_NOT_STARTED'));
    expect(existsSync(root)).toBe(false);
  });

  it('is started once, however often that is asked', async () => {
    const agent = create();
    const events: AgentEvent[] = [];
    agent.events.subscribe((event) => events.push(event));
    await Promise.all([agent.start(), agent.start()]);
    await agent.start();
    expect(events.map(({ type }) => type)).toEqual(['STARTED']);
    expect(statSync(root).mode & 0o777).toBe(0o700);
  });

  it('serves nothing after it was closed, and cannot be started again', async () => {
    const agent = await started();
    await Promise.all([agent.close(), agent.close()]);
    await expect(agent.containers().toPromise()).rejects.toEqual(code('AGENT_CLOSED'));
    await expect(agent.start().toPromise()).rejects.toEqual(code('AGENT_CLOSED'));
  });

  it('may be closed without having been started, or while it starts', async () => {
    await create().close();
    const agent = create();
    const starting = agent.start();
    await agent.close();
    await starting;
    await started();
  });

  it('names the directory that it cannot make', async () => {
    writeFileSync(join(folder, 'file'), '');
    const agent = create({ root: join(folder, 'file', 'root') });
    await expect(agent.start().toPromise()).rejects.toMatchObject({
      code: 'ROOT_UNUSABLE',
      message: expect.stringContaining(`${folder}/file/root`),
    });
  });

  it('owns its root alone, and gives it back', async () => {
    const first = await started();
    const second = create({ lockTimeoutMs: 0 });
    await expect(second.start().toPromise()).rejects.toMatchObject({
      code: 'STORE_LOCKED',
      message: expect.stringContaining(String(process.pid)),
    });
    await first.close();
    await started({ lockTimeoutMs: 0 });
  });

  it('waits for a short owner, and tells who it is', async () => {
    const first = await started();
    const owners: number[] = [];
    const second = create({ onLockWait: (pid) => owners.push(pid) });
    const starting = second.start();
    while (owners.length === 0) await new Promise(setImmediate);
    await first.close();
    await starting;
    expect(owners).toEqual([process.pid]);
  });

  it('waits no longer once it is closed', async () => {
    const first = await started();
    const waiting = new Deferred<void>();
    const second = create({ onLockWait: () => void waiting.set(undefined) });
    const starting = second.start().toPromise();
    const refused = expect(starting).rejects.toMatchObject({ code: 'AGENT_CLOSED' });
    await waiting.future;
    await second.close();
    await refused;
    await first.close();
  });

  it('refuses a backend that does not work here, and gives the store back', async () => {
    mkdirSync(join(root, 'provisioner'), { recursive: true });
    // In the way of the trial mount.
    writeFileSync(join(root, 'provisioner/.probe'), '');
    await expect(create({ backend: 'overlay' }).start().toPromise()).rejects.toEqual(
      code('BACKEND_NOT_SUPPORTED'),
    );
    await started({ lockTimeoutMs: 0 });
  });
});

describe('what an agent does', () => {
  it('answers futures, which are Observables', async () => {
    const agent = await started();
    expect(agent.images()).toBeInstanceOf(Observable);
    expect(await agent.images()).toEqual([]);
  });

  it('tells it as events', async () => {
    const agent = create();
    const events: AgentEvent[] = [];
    let completed = false;
    agent.events.subscribe({ next: (event) => events.push(event), complete: () => void (completed = true) });
    await agent.start();
    const { reference, digest } = await agent.pull(image('left'));
    await agent.provision({ id: 'mine', image: reference });
    await agent.destroy('mine');
    await agent.pruneImages();
    await agent.close();
    expect(events.map(({ at: _at, ...event }) => event)).toEqual([
      { type: 'STARTED', root },
      { type: 'IMAGE_PULLED', reference, digest, bytesDownloaded: expect.any(Number) },
      { type: 'CONTAINER_PROVISIONED', id: 'mine', image: reference },
      { type: 'CONTAINER_REMOVED', id: 'mine' },
      { type: 'IMAGES_PRUNED', images: 1, layers: 2, plannedBytes: expect.any(Number) },
      expect.objectContaining({ type: 'IMAGE_GC', trigger: 'manual', images: [reference] }),
      { type: 'STOPPED', reason: null },
    ]);
    expect(events.every(({ at }) => !Number.isNaN(Date.parse(at)))).toBe(true);
    expect(completed).toBe(true);
  });

  it('keeps a local image that a container uses under the name it was stored by', async () => {
    const agent = await started();
    await agent.provision({ id: 'mine', image: image('left') });
    await agent.pull(image('right'));
    const report = await agent.pruneImages({ wait: true });
    expect(report.removed.images).toHaveLength(1);
    expect(report.removed.layers).toHaveLength(1);
    expect(report.bytes.unlinked).toBeGreaterThan(0);
    const [kept] = await agent.images();
    expect(kept).toMatchObject({ usedBy: ['mine'] });
    expect(await agent.why(kept!.reference)).toMatchObject({
      kept: true,
      chains: [['container mine', kept!.reference]],
    });
  });

  it('does a plan exactly, or not at all', async () => {
    const agent = await started();
    await agent.pull(image('left'));
    const { hash } = await agent.plan();
    await agent.pull(image('right'));
    await expect(agent.pruneImages({ apply: hash }).toPromise()).rejects.toEqual(code('PLAN_STALE'));
    expect(await agent.images()).toHaveLength(2);
    const now = await agent.plan();
    const report = await agent.pruneImages({ apply: now.hash });
    expect(report.removed.images).toEqual(now.remove.images);
    expect(report.removed.layers.map(({ id }) => id).toSorted()).toEqual(
      now.remove.layers.map(({ id }) => id),
    );
  });

  it('finishes the sweep before it is closed', async () => {
    const agent = await started();
    await agent.pull(image('left'));
    await agent.pruneImages();
    await agent.close();
    expect(readdirSync(join(root, 'store/docker/gc'))).toEqual([]);
  });

  it('takes up what an earlier agent left, and protects it', async () => {
    const first = await started();
    await first.provision({ id: 'mine', image: image('left') });
    await first.close();
    const second = await started();
    expect(await second.containers()).toMatchObject([{ id: 'mine', state: 'PROVISIONED' }]);
    expect((await second.pruneImages()).removed.layers).toEqual([]);
    expect(await second.check()).toEqual({ ok: true, problems: [], repaired: [] });
    await second.destroy('mine');
    expect((await second.pruneImages()).removed.layers).toHaveLength(2);
  });

  it('pins and forgets images by any of their names, all of them or none', async () => {
    const agent = await started();
    const { reference, digest } = await agent.pull(image('left'));
    expect(await agent.pin([digest.slice('sha256:'.length, 30), reference])).toMatchObject([
      { reference, pinned: true },
    ]);
    expect((await agent.pruneImages()).removed.images).toEqual([]);
    await expect(agent.untag([reference, 'nothing']).toPromise()).rejects.toEqual(code('NO_SUCH_OBJECT'));
    expect(await agent.unpin([reference])).toMatchObject([{ reference, pinned: false }]);
    expect(await agent.untag([reference])).toMatchObject([{ reference }]);
    expect(await agent.images()).toEqual([]);
    expect(await agent.metrics()).toMatchObject({ 'store/prunes': 1, 'store/images_pruned': 0 });
  });

  it('tells where it is in its life', async () => {
    const agent = create();
    const states = [agent.state];
    const starting = agent.start();
    states.push(agent.state);
    await starting;
    states.push(agent.state);
    await agent.close();
    states.push(agent.state);
    expect(states).toEqual(['NEW', 'RECOVERING', 'RUNNING', 'CLOSED']);
  });

  it('removes only what has ended', async () => {
    const agent = await started();
    await agent.provision({ id: 'mine', image: image('left') });
    await expect(agent.remove('mine').toPromise()).rejects.toEqual(code('CONTAINER_RUNNING'));
    await expect(agent.remove('nobody').toPromise()).rejects.toEqual(code('NO_SUCH_CONTAINER'));
  });

  it('refuses names that are taken or unknown, and says what it cannot do yet', async () => {
    const agent = await started();
    await agent.provision({ id: 'mine', image: image('left') });
    await expect(agent.provision({ id: 'mine', image: image('left') }).toPromise()).rejects.toEqual(
      code('CONTAINER_EXISTS'),
    );
    await expect(agent.wait('nobody').toPromise()).rejects.toEqual(code('NO_SUCH_CONTAINER'));
    await expect(agent.destroy('nobody').toPromise()).rejects.toEqual(code('NO_SUCH_CONTAINER'));
    await expect(agent.attach('nobody').toPromise()).rejects.toEqual(code('NO_SUCH_CONTAINER'));
    await expect(agent.why('nothing').toPromise()).rejects.toEqual(code('NO_SUCH_OBJECT'));
    await expect(agent.restore('x').toPromise()).rejects.toEqual(code('NOT_SUPPORTED'));
    expect(await agent.kill('nobody')).toBe(false);
  });

  it('is seen by who only looks, while it is at work', async () => {
    const agent = await started();
    const { reference } = await agent.pull(image('left'));
    await agent.provision({ id: 'mine', image: reference });
    const view = readOnlyView(root);
    expect(await view.images()).toEqual(await agent.images());
    expect(await view.containers()).toMatchObject([
      { id: 'mine', image: reference, state: 'PROVISIONED', pid: null },
    ]);
    expect(await view.usage()).toMatchObject({
      liveBytes: expect.toSatisfy((bytes) => bytes > 0),
      cachedBytes: 0,
      images: [{ reference }],
    });
  });
});
