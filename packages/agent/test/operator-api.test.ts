import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '@keelson/agent';
import { describe, expect, it } from 'vitest';
import { operatorCalls } from '../src/http/operator/operator-api.js';
import { writeLayout } from './support/oci-layout.js';
import type { Reply } from './support/serving.js';
import { ask, call, useServedAgent, useServing } from './support/serving.js';

const serving = useServing();
const told = ({ body }: Reply): any => JSON.parse(body);
const images = (...names: string[]) => writeLayout(join(serving.folder, 'layout'), names);

describe('the operator API', () => {
  it('answers in the shape of the Mesos v1 agent API', async () => {
    const served = await serving.serve();
    await served.agent.provision({ id: 'mine', image: images('left')('left') });
    const container_id = { value: 'mine' };
    expect(told(await call(served, 'GET_HEALTH'))).toEqual({ type: 'GET_HEALTH', get_health: { healthy: true } });
    expect(told(await call(served, 'GET_VERSION'))).toEqual({
      type: 'GET_VERSION',
      get_version: { version_info: { version: '1.2.3' } },
    });
    expect(told(await call(served, 'GET_CONTAINERS'))).toEqual({
      type: 'GET_CONTAINERS',
      get_containers: { containers: [{ container_id, container_status: { container_id } }] },
    });
    expect(told(await call(served, 'GET_CONTAINERS', { show_standalone: false })).get_containers.containers).toEqual([]);
    const metric = { name: 'containerizer/mesos/container_destroy_errors', value: 0 };
    const { metrics } = told(await call(served, 'GET_METRICS', { timeout: { nanoseconds: '5000000000' } })).get_metrics;
    expect(metrics).toContainEqual(metric);
  });

  it('tells the settings in effect', async () => {
    const served = await serving.serve({ heartbeatMs: 700 });
    const { flags } = told(await call(served, 'GET_FLAGS')).get_flags;
    expect(flags).toContainEqual({ name: 'root', value: served.root });
    expect(flags).toContainEqual({ name: 'heartbeatMs', value: '700' });
    expect(flags).toContainEqual({ name: 'maxBodyBytes', value: '1048576' });
    expect(flags.map(({ name }: { name: string }) => name)).toContain('executorThreads');
  });

  it('logs more for a while', async () => {
    const log: LogEntry[] = [];
    const served = await serving.serve({ logLevel: 'error' }, { log: (entry) => log.push(entry) });
    expect(told(await call(served, 'GET_LOGGING_LEVEL')).get_logging_level).toEqual({ level: 0 });
    const message = { level: 3, duration: { nanoseconds: 60_000_000_000 } };
    expect((await call(served, 'SET_LOGGING_LEVEL', message)).status).toBe(200);
    expect(told(await call(served, 'GET_LOGGING_LEVEL')).get_logging_level).toEqual({ level: 3 });
    expect(told(await call(served, 'GET_CONTAINERS')).get_containers.containers).toEqual([]);
    await served.agent.pruneImages();
    // What one of the containerizers has to say about a prune is an info.
    expect(log.map(({ level }) => level)).toContain('info');
  });

  it('prunes images but those excluded, and answers nothing', async () => {
    const served = await serving.serve();
    const { agent } = served;
    const layout = images('left', 'right');
    const [left] = [await agent.pull(layout('left')), await agent.pull(layout('right'))];
    const excluded_images = [{ type: 'DOCKER', docker: { name: left.reference } }, { type: 'APPC', appc: {} }];
    const { status, body } = await call(served, 'PRUNE_IMAGES', { excluded_images });
    expect([status, body]).toEqual([200, '']);
    expect((await agent.images()).map(({ reference }) => reference)).toEqual([left.reference]);
    expect((await call(served, 'PRUNE_IMAGES')).status).toBe(200);
    expect(await agent.images()).toEqual([]);
  });

  it('prunes for whom the ACL allows it to', async () => {
    const credentialsFile = join(serving.folder, 'credentials');
    const credentials = ['ops', 'dev'].map((principal) => ({ principal, secret: `secret of ${principal}` }));
    writeFileSync(credentialsFile, JSON.stringify({ credentials }), { mode: 0o600 });
    const acls = { prune_images: [{ principals: { values: ['ops'] }, images: { type: 'ANY' } }, {
      principals: { type: 'ANY' }, images: { type: 'NONE' } }] } as const;
    const served = await serving.serve({ credentialsFile, acls });
    const body = { type: 'PRUNE_IMAGES' };
    const as = async (principal: string) => {
      const authorization = `Basic ${Buffer.from(`${principal}:secret of ${principal}`).toString('base64')}`;
      return ask(served, { method: 'POST', path: '/api/v1', body, headers: { authorization } });
    };
    expect((await as('ops')).status).toBe(200);
    expect(await as('dev')).toMatchObject({ status: 403, body: 'The principal dev is not allowed to prune images' });
    expect((await call(served, 'PRUNE_IMAGES')).status).toBe(403);
    expect((await as('stranger')).status).toBe(401);
    const prune = { method: 'POST', path: '/v1/prune', body: {} };
    expect(JSON.parse((await ask(served, prune)).body).error.code).toBe('FORBIDDEN');
  });

  it('lists and reads what is in sandboxes, and nothing else', async () => {
    const served = await serving.serve();
    expect(told(await call(served, 'LIST_FILES', { path: '/containers' })).list_files).toEqual({ file_infos: [] });
    const sandbox = join(served.root, 'sandboxes', 'mine');
    mkdirSync(sandbox, { recursive: true });
    writeFileSync(join(sandbox, 'stdout'), 'hello');
    symlinkSync('/etc/passwd', join(sandbox, 'link'));
    const { file_infos } = told(await call(served, 'LIST_FILES', { path: '/containers/mine/' })).list_files;
    expect(file_infos.map(({ path, size }: { path: string; size: number }) => [path, size])).toContainEqual([
      '/containers/mine/stdout',
      5,
    ]);
    const read = async (message: object) => told(await call(served, 'READ_FILE', message)).read_file;
    const path = '/containers/mine/stdout';
    expect(await read({ path })).toEqual({ size: 5, data: Buffer.from('hello').toString('base64') });
    expect(await read({ path, offset: 1, length: 3 })).toEqual({ size: 5, data: Buffer.from('ell').toString('base64') });
    expect(await read({ path, offset: 9 })).toEqual({ size: 5, data: '' });
    for (const [status, wrong] of [
      [404, '/containers/mine/link'],
      [404, '/containers/mine/nothing'],
      [404, '/containers/nobody/stdout'],
      [404, '/containers/mine'],
      [400, '/containers/../agent.sock'],
      [400, '/containers/mine/../../agent.sock'],
      [400, '/etc/passwd'],
    ] as const) {
      expect([wrong, (await call(served, 'READ_FILE', { path: wrong })).status]).toEqual([wrong, status]);
    }
  });

  it('tells every call it has under its own name, once', () => {
    const types = operatorCalls.map(({ type }) => type);
    expect(new Set(types).size).toBe(types.length);
    expect(types).toEqual(expect.arrayContaining(['GET_FLAGS', 'ATTACH_CONTAINER_OUTPUT', 'PRUNE_IMAGES']));
  });
});

describe('what the operator API is sent wrongly', () => {
  const shared = useServedAgent();

  it.each([
    [501, { type: 'LAUNCH_NESTED_CONTAINER_SESSION' }, /not implemented/],
    [400, {}, /expecting 'type' to be present/],
    [400, [], /not an object/],
    [400, 'null', /not an object/],
    [400, '{', /Failed to parse body into JSON/],
    [400, Buffer.from([0x22, 0xff, 0x22]).toString('latin1'), /not an object/],
    [400, { type: 'PRUNE_IMAGES', prune_images: { excluded_images: 'mysql' } }, /excluded_images is "mysql", but must be a list/],
    [400, { type: 'PRUNE_IMAGES', prune_images: { excluded_images: [{ type: 'DOCKER' }] } }, /docker/],
    [400, { type: 'PRUNE_IMAGES', prune_images: { excluded_images: [{ type: 'OCI' }] } }, /must be one of DOCKER, APPC/],
    [500, { type: 'PRUNE_IMAGES', prune_images: { excluded_images: [{ type: 'DOCKER', docker: { name: 'A B' } }] } }, /A B/],
    [400, { type: 'WAIT_CONTAINER' }, /expecting 'wait_container' to be present/],
    [400, { type: 'WAIT_CONTAINER', wait_container: {} }, /wait_container\.container_id is undefined, but must be an object/],
    [400, { type: 'WAIT_CONTAINER', wait_container: { container_id: { value: 'a b' } } }, /container_id\.value is "a b"/],
    [404, { type: 'WAIT_CONTAINER', wait_container: { container_id: { value: 'nobody' } } }, /Container nobody cannot be found/],
    [404, { type: 'KILL_CONTAINER', kill_container: { container_id: { value: 'nobody' } } }, /nobody/],
    [400, { type: 'KILL_CONTAINER', kill_container: { container_id: { value: 'a' }, signal: 99 } }, /signals from 1 to 64/],
    [404, { type: 'REMOVE_CONTAINER', remove_container: { container_id: { value: 'nobody' } } }, /nobody/],
    [404, { type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'b', parent: { value: 'a' } }, command: { value: 'x' } } }, /Container a cannot be found/],
    [400, { type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'a' }, container: { type: 'DOCKER', docker: { image: 'a' } } } }, /The provided ContainerInfo is not supported/],
    [400, { type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'a' }, container: { type: 'DOCKER' } } }, /container.docker is missing/],
    [400, { type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'a' }, command: { shell: true } } }, /command.value is missing/],
    [400, { type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'a' }, command: { value: 'x' } } }, /no image/],
    [400, { type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'a' }, container: { volumes: [{ container_path: '/x' }] } } }, /neither a host_path nor an image/],
    [400, { type: 'LAUNCH_CONTAINER', launch_container: { container_id: { value: 'a' }, container: { mesos: { image: { type: 'APPC' } } } } }, /only images of type DOCKER/],
    [400, { type: 'SET_LOGGING_LEVEL', set_logging_level: { level: 9, duration: { nanoseconds: 1 } } }, /levels from 0 to 3/],
    [400, { type: 'SET_LOGGING_LEVEL', set_logging_level: { level: 1 } }, /duration.nanoseconds is undefined/],
    [413, { type: 'x'.repeat(2 ** 20) }, /larger than 1048576 bytes/],
  ])('answers %i to what it cannot do: %j', async (status, body, text) => {
    const reply = await ask(shared(), { method: 'POST', path: '/api/v1', body });
    expect([reply.status, reply.body]).toEqual([status, expect.stringMatching(text)]);
    expect(reply.headers['content-type']).toMatch(/^text\/plain/);
  });

  it('takes JSON by POST and nothing else', async () => {
    const served = shared();
    const path = '/api/v1';
    const get = await ask(served, { path });
    expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
    const as = (headers: Record<string, string>) =>
      ask(served, { method: 'POST', path, body: { type: 'GET_HEALTH' }, headers });
    expect((await ask(served, { method: 'POST', path })).status).toBe(400);
    expect((await as({ 'content-type': 'application/x-protobuf' })).status).toBe(415);
    expect((await as({ 'content-encoding': 'gzip' })).status).toBe(415);
    expect((await as({ accept: 'application/x-protobuf' })).status).toBe(406);
    expect((await as({ accept: 'application/json;q=0' })).status).toBe(406);
    expect((await as({ accept: 'text/html, */*;q=0.1' })).status).toBe(200);
    expect((await as({ 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
  });
});
