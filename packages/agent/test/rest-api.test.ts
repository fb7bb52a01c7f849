import { join } from 'node:path';
import type { ServedAgent } from '@keelson/agent/server';
import { ReadWriteLock } from '@keelson/process';
import { describe, expect, it, vi } from 'vitest';
import { writeLayout } from './support/oci-layout.js';
import { ask, json, useServedAgent, useServing } from './support/serving.js';

const serving = useServing();
const images = (...names: string[]) => writeLayout(join(serving.folder, 'layout'), names);
const post = (path: string, body: unknown) => ({ method: 'POST', path, body });

async function ended(served: ServedAgent, location: string): Promise<any> {
  for (;;) {
    const job = await json(served, { path: location });
    if (job.state !== 'RUNNING') return job;
    await new Promise(setImmediate);
  }
}

describe('images by REST', () => {
  it('are pulled, listed, explained, pinned, unpinned and forgotten', async () => {
    const served = await serving.serve();
    const pulled = await json(served, post('/v1/images', { reference: images('left')('left') }));
    expect(pulled).toMatchObject({ digest: expect.stringMatching(/^sha256:/), layers: [{}, {}] });
    const at = `/v1/images?reference=${encodeURIComponent(pulled.reference)}`;
    const listed = (await json(served, { path: at })).images;
    expect(listed).toEqual(await served.agent.images());
    expect((await json(served, { path: '/v1/images?reference=none' })).images).toEqual([]);
    const patch = (pinned: boolean) => json(served, { method: 'PATCH', path: at, body: { pinned } });
    expect((await patch(true)).images[0].pinned).toBe(true);
    const why = `/v1/why?object=${encodeURIComponent(pulled.reference)}`;
    expect(await json(served, { path: why })).toMatchObject({ kept: true });
    expect((await patch(false)).images[0].pinned).toBe(false);
    expect((await json(served, { method: 'DELETE', path: at })).images).toHaveLength(1);
    expect((await json(served, { path: '/v1/images' })).images).toEqual([]);
    expect(await json(served, { path: '/v1/usage' })).toMatchObject({ cachedBytes: expect.any(Number) });
  });

});

describe('what the REST view is sent wrongly', () => {
  const shared = useServedAgent();

  it.each([
    [400, post('/v1/images', {}), 'BAD_REQUEST', /reference is undefined, but must be a text/],
    [400, post('/v1/images', { reference: 'a', forced: true }), 'BAD_REQUEST', /forced is not one of reference, force/],
    [400, post('/v1/images', { reference: 'Not A Name' }), 'INVALID_REFERENCE', /./],
    [400, post('/v1/images', { reference: 'a', platform: 'x' }), 'BAD_REQUEST', /platform is "x", but must be OS/],
    [404, { path: '/v1/why?object=nothing' }, 'NO_SUCH_OBJECT', /./],
    [400, { path: '/v1/why' }, 'BAD_REQUEST', /object is undefined/],
    [400, { path: '/v1/images?refrence=a' }, 'BAD_REQUEST', /refrence is not one of reference/],
    [404, { method: 'DELETE', path: '/v1/images?reference=nothing' }, 'NO_SUCH_OBJECT', /./],
    [405, { method: 'PUT', path: '/v1/images' }, 'METHOD_NOT_ALLOWED', /GET, POST, PATCH, DELETE/],
    [415, { ...post('/v1/images', 'x'), headers: { 'content-type': 'text/plain' } }, 'UNSUPPORTED_MEDIA_TYPE', /./],
    [404, { path: '/v1/containers/nobody' }, 'NO_SUCH_CONTAINER', /./],
    [404, { path: '/v1/containers/nobody/wait' }, 'NO_SUCH_CONTAINER', /./],
    [404, { path: '/v1/containers/nobody/logs' }, 'NO_SUCH_CONTAINER', /./],
    [404, post('/v1/containers/nobody/kill', {}), 'NO_SUCH_CONTAINER', /./],
    [400, post('/v1/containers/nobody/kill', { signal: 'NONE' }), 'BAD_REQUEST', /no signal "NONE"/],
    [404, { method: 'DELETE', path: '/v1/containers/nobody?force=true' }, 'NO_SUCH_CONTAINER', /./],
    [400, { method: 'DELETE', path: '/v1/containers/nobody?force=maybe' }, 'BAD_REQUEST', /force is "maybe"/],
    [400, post('/v1/containers', { cpus: 0 }), 'BAD_REQUEST', /cpus is 0, but must be a number of processors/],
    [400, post('/v1/containers', { volumes: [{ containerPath: '/x' }] }), 'BAD_REQUEST', /volumes\[0\] must hold a hostPath or an image/],
    [400, post('/v1/containers', {}), 'CONTAINER_INVALID', /./],
    [400, { path: '/v1/containers/%zz' }, 'BAD_REQUEST', /badly escaped/],
    [404, { path: '/v1/prune/7' }, 'NO_SUCH_OBJECT', /./],
    [404, { path: '/constructor' }, 'NOT_FOUND', /./],
    [400, { path: '/v1/plan?exclude=A%20B' }, 'INVALID_REFERENCE', /./],
  ])('is answered %i: %j', async (status, asking, code, message) => {
    const reply = await ask(shared(), asking);
    expect([reply.status, JSON.parse(reply.body).error]).toEqual([
      status,
      { code, message: expect.stringMatching(message) },
    ]);
  });
});

describe('a prune by REST', () => {
  it('is a job that tells what became of it, and of what was asked for', async () => {
    const served = await serving.serve();
    const layout = images('left', 'right');
    const left = await served.agent.pull(layout('left'));
    await served.agent.pull(layout('right'));
    const plan = await json(served, { path: `/v1/plan?exclude=${encodeURIComponent(left.reference)}` });
    expect(plan.remove.images).toHaveLength(1);
    const begun = await ask(served, post('/v1/prune', { exclude: [left.reference], apply: plan.hash, wait: true }));
    expect([begun.status, begun.headers.location]).toEqual([202, '/v1/prune/1']);
    const job = await ended(served, begun.headers.location!);
    expect(job).toMatchObject({ state: 'DONE', error: null, report: { removed: plan.remove } });
    const stale = await ask(served, post('/v1/prune', { apply: plan.hash }));
    expect(await ended(served, stale.headers.location!)).toMatchObject({
      state: 'FAILED',
      report: null,
      error: { code: 'PLAN_STALE' },
    });
    const { jobs } = await json(served, { path: '/v1/prune' });
    expect(jobs.map(({ id }: { id: string }) => id)).toEqual(['2', '1']);
  });

  it('joins the one under way that was asked for with the same words', async () => {
    const lock = await holdProvisionerLock();
    const { served } = lock;
    const first = await json(served, post('/v1/prune', { exclude: ['a', 'b'] }), 202);
    const same = await json(served, post('/v1/prune', { exclude: ['b', 'a'] }), 202);
    const other = await json(served, post('/v1/prune', {}), 202);
    expect([first.id, same.id, other.id]).toEqual(['1', '1', '2']);
    lock.release();
    expect((await ended(served, '/v1/prune/1')).state).toBe('DONE');
    expect((await json(served, post('/v1/prune', { exclude: ['a', 'b'] }), 202)).id).toBe('3');
  });
});

/** An agent whose one lock, that of the provisioner, is held for writing by the test. */
async function holdProvisionerLock() {
  const locks = new Set<ReadWriteLock>();
  const { readLock, withRead } = ReadWriteLock.prototype;
  const spies = [
    vi.spyOn(ReadWriteLock.prototype, 'readLock').mockImplementation(function (this: ReadWriteLock) {
      locks.add(this);
      return readLock.call(this);
    }),
    vi.spyOn(ReadWriteLock.prototype, 'withRead').mockImplementation(function (this: ReadWriteLock, f: never) {
      locks.add(this);
      return withRead.call(this, f) as never;
    }),
  ];
  const served = await serving.serve();
  const image = images('left')('left');
  await served.agent.provision({ id: 'first', image });
  for (const spy of spies) spy.mockRestore();
  const leases = await Promise.all([...locks].map((lock) => lock.writeLock()));
  expect(leases).toHaveLength(1);
  return { served, image, release: () => leases.forEach((lease) => lease.release()) };
}

describe('an agent whose locks are all held', () => {
  it('still tells how it does', async () => {
    const { served, image, release } = await holdProvisionerLock();
    const { agent } = served;
    const blocked = [agent.provision({ id: 'second', image }), agent.pruneImages()];
    const diag = await json(served, { path: '/diag' });
    expect(diag).toMatchObject({ state: 'RUNNING', pid: process.pid, version: '1.2.3' });
    expect(diag.processes).toContainEqual({ id: 'provisioner(1)', state: expect.any(String), mailboxDepth: expect.any(Number) });
    for (const path of ['/healthz', '/__processes__', '/help', '/openapi.json', '/metrics', '/metrics/snapshot']) {
      expect([path, (await ask(served, { path })).status]).toEqual([path, 200]);
    }
    const { containers } = await json(served, { path: '/v1/containers' });
    expect(containers.map(({ id }: { id: string }) => id)).toEqual(['first', 'second']);
    expect(blocked.map((each) => each.isPending())).toEqual([true, true]);
    release();
    await Promise.all(blocked);
  });
});

describe('the way to the inspector page', () => {
  it('leads to a loopback address with a token that no server sees', async () => {
    const served = await serving.serve();
    const { status, headers, body } = await ask(served, { path: '/inspector/' });
    expect(status).toBe(303);
    expect(headers['location']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/inspector\/#token=[\w-]{32}$/);
    expect(String(body).trim()).toBe(headers['location']);
  });
});

describe('metrics', () => {
  it('are told by the names of Mesos', async () => {
    const served = await serving.serve();
    const snapshot = await json(served, { path: '/metrics/snapshot' });
    expect(snapshot).toMatchObject({ 'containerizer/mesos/container_destroy_errors': 0 });
  });

  it('are told to Prometheus, each family once, with help and type', async () => {
    const served = await serving.serve();
    await served.agent.pull(images('left')('left'));
    const { body, headers } = await ask(served, { path: '/metrics' });
    expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    const lines = body.trimEnd().split('\n');
    const kinds = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]!);
    expect(new Set(kinds).size).toBe(kinds.length);
    for (const line of lines.filter((each) => !each.startsWith('#'))) {
      expect(line).toMatch(/^[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [-+0-9.eE]+(Inf)?$/);
      const name = /^[a-z_]+/.exec(line)![0].replace(/_count$/, '');
      expect(kinds).toContain(name);
    }
    expect(lines).toContain('keelson_up 1');
    expect(lines).toContain('keelson_store_objects{object="image"} 1');
    expect(lines).toContain('keelson_image_gc_removed_total{object="layer"} 0');
    expect(body).not.toMatch(/layout|sha256/);
  });
});
