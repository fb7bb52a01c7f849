import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { ServedAgent } from '@keelson/agent/server';
import { serveAgent } from '@keelson/agent/server';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needs } from '../../../test/support/needs.js';
import { ask, call, json } from '../../agent/test/support/serving.js';
import type { GuardedRegistry } from './support/guarded-registry.js';
import { guardRegistry } from './support/guarded-registry.js';
import type { World } from './support/keelson.js';
import { makeWorld } from './support/keelson.js';

const password = 'hunter2-of-the-test';
const username = 'registry-user-of-the-test';
const credentials = { username, password };
const encoded = Buffer.from(`${username}:${password}`).toString('base64');

let world: World;
let guard: GuardedRegistry;
let reference: string;
let served: ServedAgent;
let told: string[];
beforeEach(async (context) => {
  needs(context, 'root', 'unshare');
  world = await makeWorld();
  guard = await guardRegistry(world.registry.host, `${username}:${password}`);
  reference = `${guard.host}/demo/hello:1`;
  told = [];
  const settings = { root: world.root, backend: 'copy', lockTimeoutMs: 0, shutdownTimeoutMs: 2_000 } as const;
  const log = (entry: object): void => void told.push(JSON.stringify(entry));
  served = await serveAgent({ ...settings, logLevel: 'debug' }, { version: '1.2.3', log });
  served.agent.events.subscribe((event) => told.push(JSON.stringify(event)));
});
afterEach(async () => {
  for (const { id } of (await served?.agent.containers()) ?? []) await served.agent.destroy(id);
  await served?.close();
  guard?.close();
  await world?.remove();
});

const post = (path: string, body: unknown) => ({ method: 'POST', path, body });
const config = (auths: object) => ({
  type: 'VALUE',
  value: { data: Buffer.from(JSON.stringify({ auths })).toString('base64') },
});
const launchMessage = (value: string, secret: object | undefined) => ({
  container_id: { value },
  command: { value: 'exit 0' },
  container: { mesos: { image: { type: 'DOCKER', docker: { name: reference, ...(secret && { config: secret }) } } } },
});

/** What the page of the inspector is told from its beginning until it is told `text`. */
async function inspected(text: string): Promise<string> {
  const { origin, hash } = new URL(await served.agent.inspect());
  const headers = { authorization: `Bearer ${hash.slice('#token='.length)}` };
  return new Promise((resolve, reject) => {
    get(`${origin}/inspector/stream`, { headers }, (response) => {
      let received = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        received += chunk;
        if (received.includes(text)) resolve((response.destroy(), received));
      });
      response.on('end', () => reject(new Error(`it ended after ${received}`)));
    }).on('error', reject);
  });
}

/** Every file of the agent that holds one of the secrets, trees of layers aside. */
function filesWithSecrets(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('rootfs') ? [] : filesWithSecrets(path);
    return entry.isFile() && holdsSecret(readFileSync(path, 'latin1')) ? [path] : [];
  });
}

function holdsSecret(text: string): boolean {
  return [password, encoded, username].some((secret) => text.includes(secret));
}

describe('credentials in a request', { timeout: 180_000 }, () => {
  it('are shown to the registry of its image, by REST', async () => {
    const without = await ask(served, post('/v1/images', { reference }));
    expect([without.status, JSON.parse(without.body).error.code]).toEqual([502, 'UNAUTHORIZED']);
    const wrong = post('/v1/images', { reference, credentials: { username, password: 'wrong' } });
    expect((await ask(served, wrong)).status).toBe(502);
    expect(await json(served, post('/v1/images', { reference, credentials }))).toMatchObject({ reference });
  });

  it('are for that request: an image that is here is not launched by who may not pull it', async () => {
    const body = { image: reference, entrypoint: ['/bin/sh', '-c', 'exit 0'] };
    expect((await ask(served, post('/v1/containers', body))).status).toBe(502);
    await json(served, post('/v1/containers', { ...body, credentials }), 201);
    const wrong = { ...body, credentials: { username, password: 'wrong' } };
    const refused = await ask(served, post('/v1/containers', wrong));
    expect([refused.status, JSON.parse(refused.body).error.code]).toEqual([502, 'UNAUTHORIZED']);
  });

  it('are those of docker.config in the calls of Mesos', async () => {
    const launch = (id: string, secret?: object) => call(served, 'LAUNCH_CONTAINER', launchMessage(id, secret));
    expect((await launch('a')).status).toBe(500);
    expect((await launch('a', config({ 'other.example': { auth: encoded } }))).status).toBe(500);
    expect((await launch('a', config({ [guard.host]: { auth: encoded } }))).status).toBe(200);
    const reference_ = { type: 'REFERENCE', reference: { name: 'x' } };
    expect(await launch('b', reference_)).toMatchObject({ status: 400, body: expect.stringMatching(/type VALUE/) });
    const helper = { value: { data: Buffer.from('{"auths":{"a":{"auth":"!"}}}').toString('base64') } };
    expect(await launch('b', helper)).toMatchObject({ status: 400, body: expect.stringMatching(/docker\.config: /) });
  });

  it('are in no log, event, record, journal, trace or file', async () => {
    await served.agent.inspect({ recordEvents: true });
    await json(served, post('/v1/images', { reference, credentials }));
    const body = { id: 'rest', image: reference, credentials, entrypoint: ['/bin/sh', '-c', 'exit 0'] };
    await json(served, post('/v1/containers', body), 201);
    await call(served, 'LAUNCH_CONTAINER', launchMessage('call', config({ [guard.host]: { auth: encoded } })));
    await json(served, { path: '/v1/containers/rest/wait' });

    const trace = await inspected('"label":"launch"');
    const diagnosis = (await ask(served, { path: '/diag' })).body;
    expect(trace).toContain(reference);
    expect(told.join('\n')).toContain('CONTAINER_LAUNCHED');
    expect([trace, diagnosis, told.join('\n')].map(holdsSecret)).toEqual([false, false, false]);
    expect(filesWithSecrets(world.root)).toEqual([]);
  });
});

describe('a refusal', { timeout: 180_000 }, () => {
  it.each([
    ['credentials that are a text', () => post('/v1/images', { reference: 'a', credentials: password }), /credentials must be an object/],
    ['a password that is none', () => post('/v1/images', { reference: 'a', credentials: { username, password: [password] } }), /credentials\.password must be/],
    ['a misspelt name', () => post('/v1/images', { reference: 'a', credential: credentials }), /credential is not one of/],
    ['another name for a field', () => post('/v1/images', { reference: 'a', credentials: { username, pass: password } }), /credentials\.pass is not one of/],
    ['no JSON', () => post('/v1/images', `{"password":"${password}"`), /it is no JSON/],
    ['nothing to pull', () => post('/v1/containers', { rootfs: '/', credentials }), /must come with the image/],
    ['a secret that is a text', () => post('/api/v1', { type: 'LAUNCH_CONTAINER', launch_container: launchMessage('a', password as never) }), /config must be an object/],
  ])('repeats none of them: %s', async (_why, asking, message) => {
    const { status, body } = await ask(served, asking());
    expect([status, body]).toEqual([400, expect.stringMatching(message)]);
    expect(holdsSecret(body)).toBe(false);
  });
});
