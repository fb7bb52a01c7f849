import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { ServedAgent } from '@keelson/agent/server';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import { ask, call, json } from '../../agent/test/support/serving.js';
import { embed } from './support/embedded-agent.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

let world: World;
let served: ServedAgent;
beforeAll(async () => {
  world = await makeWorld();
});
beforeEach(async (context) => {
  needs(context, 'root', 'unshare');
  served = await embed(world);
});
afterEach(async () => {
  const known = served === undefined || served.agent.state !== 'RUNNING' ? [] : await served.agent.containers();
  for (const { id } of known.filter(({ id: each }) => !each.includes('.'))) await served.agent.destroy(id);
  await served?.close();
});
afterAll(() => world.remove());

const forever = 'while :; do sleep 0.05; done';
const named = (value: string, parent?: string) => ({
  container_id: { value, ...(parent !== undefined && { parent: { value: parent } }) },
});

function launch(value: string, command: object, more: object = {}) {
  const image = { type: 'DOCKER', docker: { name: world.reference('hello') } };
  const container = { type: 'MESOS', mesos: { image } };
  return call(served, 'LAUNCH_CONTAINER', { ...named(value), command, container, ...more });
}

const post = (path: string, body: unknown) => ({ method: 'POST', path, body });
const sh = (script: string) => ({ image: world.reference('hello'), entrypoint: ['/bin/sh', '-c', script] });

/** The stream of a call that goes on, as text once `wanted` was in it. */
function streamed(asking: { method?: string; path: string; body?: unknown; accept: string }) {
  let text = '';
  const ended = new Promise<string>((resolve, reject) => {
    const { method = 'GET', path, body, accept } = asking;
    const headers = { accept, ...(body !== undefined && { 'content-type': 'application/json' }) };
    request({ socketPath: served.socket, method, path, headers, agent: false }, async (response) => {
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve(text);
    })
      .on('error', reject)
      .end(body === undefined ? '' : JSON.stringify(body));
  });
  const said = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) await new Promise(setImmediate);
  };
  return { ended, said };
}

describe('containers by the operator API', { timeout: 180_000 }, () => {
  it('run a command by the shell, with variables and limits, and answer how it ended', async () => {
    const variables = [{ name: 'WORD', value: 'hello' }];
    const resources = [{ name: 'cpus', type: 'SCALAR', scalar: { value: 0.5 } }];
    const command = { value: 'echo $WORD; echo err >&2; exit 7', environment: { variables } };
    const launched = await launch('mine', command, { resources });
    expect([launched.status, launched.body]).toEqual([200, '']);
    expect((await launch('mine', command)).status).toBe(202);
    const ended = await call(served, 'WAIT_CONTAINER', named('mine'));
    expect(JSON.parse(ended.body)).toEqual({ type: 'WAIT_CONTAINER', wait_container: { exit_status: 7 } });
    const read = await call(served, 'READ_FILE', { path: '/containers/mine/stdout' });
    expect(JSON.parse(read.body).read_file).toEqual({ size: 6, data: Buffer.from('hello\n').toString('base64') });
    const { get_containers } = JSON.parse((await call(served, 'GET_CONTAINERS')).body);
    expect(get_containers.containers).toEqual([]);
    expect((await call(served, 'REMOVE_CONTAINER', named('mine'))).status).toBe(200);
    expect((await call(served, 'WAIT_CONTAINER', named('mine'))).status).toBe(404);
  });

  it('run an executable with its arguments, and hand their output on while they write', async () => {
    const words = ['sh', '-c', `echo up; echo err >&2; ${forever}`];
    expect((await launch('mine', { shell: false, value: '/bin/sh', arguments: words })).status).toBe(200);
    const body = { type: 'ATTACH_CONTAINER_OUTPUT', attach_container_output: named('mine') };
    const attach = { method: 'POST', path: '/api/v1', body };
    expect((await ask(served, { ...attach, headers: { accept: 'application/json' } })).status).toBe(406);
    const output = streamed({ ...attach, accept: 'application/recordio' });
    const record = (type: string, text: string): string => {
      const data = { type, data: Buffer.from(text).toString('base64') };
      const message = JSON.stringify({ type: 'DATA', data });
      return `${message.length}\n${message}`;
    };
    await output.said(record('STDOUT', 'up\n'));
    const containers = JSON.parse((await call(served, 'GET_CONTAINERS')).body).get_containers.containers;
    expect(containers).toMatchObject([{ container_status: { executor_pid: expect.any(Number) } }]);
    expect((await call(served, 'REMOVE_CONTAINER', named('mine'))).status).toBe(500);
    expect((await call(served, 'KILL_CONTAINER', { ...named('mine'), signal: 9 })).status).toBe(200);
    const all = await output.ended;
    expect(all).toContain(record('STDERR', 'err\n'));
    const { wait_container } = JSON.parse((await call(served, 'WAIT_CONTAINER', named('mine'))).body);
    expect(wait_container).toMatchObject({ exit_status: 137, signal: 'SIGKILL' });
  });

  it('nest in one another', async () => {
    expect((await launch('outer', { value: forever })).status).toBe(200);
    const nested = { ...named('inner', 'outer'), command: { value: 'exit 3' } };
    expect((await call(served, 'LAUNCH_NESTED_CONTAINER', nested)).status).toBe(200);
    const ended = await call(served, 'WAIT_NESTED_CONTAINER', named('inner', 'outer'));
    expect(JSON.parse(ended.body).wait_nested_container).toEqual({ exit_status: 3 });
    expect((await call(served, 'REMOVE_NESTED_CONTAINER', named('inner', 'outer'))).status).toBe(200);
    const hidden = await call(served, 'GET_CONTAINERS', { show_nested: false });
    expect(JSON.parse(hidden.body).get_containers.containers).toMatchObject([named('outer')]);
  });

  it('answer 500 with the reason when they cannot be started, and leave nothing', async () => {
    const refused = await launch('mine', { shell: false, value: '/no/such/program' });
    expect([refused.status, refused.body]).toEqual([500, expect.stringContaining('/no/such/program')]);
    expect(await served.agent.containers()).toEqual([]);
  });
});

describe('containers by REST', { timeout: 180_000 }, () => {
  it('start, tell what they write, take signals, and go', async () => {
    const script = `trap 'echo bye; exit 5' TERM; echo up; ${forever}`;
    const made = await ask(served, post('/v1/containers', { id: 'mine', ...sh(script) }));
    expect([made.status, made.headers.location]).toEqual([201, '/v1/containers/mine']);
    expect(JSON.parse(made.body)).toMatchObject({ id: 'mine', state: 'RUNNING', pid: expect.any(Number) });
    const again = await ask(served, post('/v1/containers', { id: 'mine', ...sh('true') }));
    expect([again.status, JSON.parse(again.body).error.code]).toEqual([409, 'CONTAINER_EXISTS']);
    const logs = streamed({ path: '/v1/containers/mine/logs?follow=true', accept: '*/*' });
    await logs.said('up\n');
    const early = await ask(served, { method: 'DELETE', path: '/v1/containers/mine' });
    expect([early.status, JSON.parse(early.body).error.code]).toEqual([409, 'CONTAINER_RUNNING']);
    const waiting = json(served, { path: '/v1/containers/mine/wait' });
    expect((await ask(served, post('/v1/containers/mine/kill', { signal: 'TERM' }))).status).toBe(204);
    expect(await waiting).toEqual({ containerId: 'mine', exitStatus: 5, signal: null });
    expect(await logs.ended).toBe('up\nbye\n');
    expect((await json(served, { path: '/v1/containers' })).containers).toEqual([]);
    const all = (await json(served, { path: '/v1/containers?all=true' })).containers;
    expect(all).toMatchObject([{ id: 'mine', state: 'EXITED', exitStatus: 5 }]);
    const late = await ask(served, post('/v1/containers/mine/kill', {}));
    expect([late.status, JSON.parse(late.body).error.code]).toEqual([409, 'CONTAINER_NOT_RUNNING']);
    expect((await ask(served, { method: 'DELETE', path: '/v1/containers/mine' })).status).toBe(204);
    expect((await ask(served, { path: '/v1/containers/mine' })).status).toBe(404);
  });

  it('cannot fork beyond their limit, and leave nothing of what they forked', async () => {
    // Far more than it may have, and few enough to harm nobody where no limit holds; none of them ends by itself.
    const bomb = `i=0; while [ $((i += 1)) -lt 64 ]; do sleep 1000 & done; echo all; wait`;
    await json(served, post('/v1/containers', { id: 'bomb', processes: 24, ...sh(bomb) }), 201);
    expect(await json(served, { path: '/v1/containers/bomb/wait' })).toMatchObject({ exitStatus: 2, signal: null });
    expect((await ask(served, { path: '/v1/containers/bomb/logs' })).body).toBe('');
    expect((await ask(served, { path: '/v1/containers/bomb/logs?stream=stderr' })).body).toMatch(/fork/i);
    const refused = await ask(served, post('/v1/containers', { id: 'none', processes: 0, ...sh('true') }));
    expect([refused.status, refused.body]).toEqual([400, expect.stringMatching(/processes from 1 to 4194304/)]);
  });

  it('are ended on their way out, where that is wanted', async () => {
    await json(served, post('/v1/containers', { id: 'mine', ...sh(forever) }), 201);
    expect((await ask(served, { method: 'DELETE', path: '/v1/containers/mine?force=true' })).status).toBe(204);
    expect(await served.agent.containers()).toEqual([]);
  });
});

describe('an agent that stops', { timeout: 180_000 }, () => {
  it('leaves at once who only watches, and its containers running', async () => {
    await json(served, post('/v1/containers', { id: 'mine', ...sh(`echo up; ${forever}`) }), 201);
    const waiting = ask(served, { path: '/v1/containers/mine/wait' });
    const follower = world.start('logs', '-f', 'mine');
    const events = streamed({ path: '/v1/events', accept: 'text/event-stream' });
    await events.said('retry: ');
    await follower.said('up\n');
    await served.close();
    expect((await waiting).status).toBe(503);
    await events.ended;
    expect(await follower.outcome).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^keelson: AGENT_GONE/) });
    served = await embed(world);
    expect((await json(served, { path: '/v1/containers' })).containers).toMatchObject([{ id: 'mine', state: 'RUNNING' }]);
  });
});

describe('commands through an agent', { timeout: 180_000 }, () => {
  it('are in its journal when they change something, by name and object alone', async () => {
    await world.json('pull', world.reference('hello'));
    await world.keelson('images');
    await world.keelson('run', '--rm', '-e', 'SECRET=hidden', world.reference('hello'), '--', '/bin/sh', '-c', ':');
    await world.keelson('rm', 'nobody');
    await served.close();
    const journal = readFileSync(join(served.root, 'events', 'journal.jsonl'), 'utf8');
    const begun = journal.split('\n').flatMap((line) => (line.includes('"call":"keelson') ? [JSON.parse(line)] : []));
    expect(begun.map(({ call: name, subject, principal }) => [name, subject, principal])).toEqual([
      ['keelson pull', world.reference('hello'), 'local'],
      ['keelson run', world.reference('hello'), 'local'],
      ['keelson rm', 'nobody', 'local'],
    ]);
    expect(journal).not.toContain('hidden');
  });

  it('may not prune where an ACL forbids it to the owner of the socket', async () => {
    await served.close();
    const none = { prune_images: [{ principals: { type: 'ANY' }, images: { type: 'NONE' } }] } as const;
    served = await embed(world, { acls: none });
    const refused = await world.keelson('prune');
    expect([refused.exitCode, refused.stderr]).toEqual([
      1,
      'keelson: FORBIDDEN: The principal local is not allowed to prune images\n',
    ]);
    expect((await world.keelson('prune', '--dry-run')).exitCode).toBe(0);
  });
});
