import { request } from 'node:http';
import type { IncomingMessage, RequestOptions } from 'node:http';
import { createKeelsonInspector } from '@keelson/inspector';
import type { KeelsonInspector } from '@keelson/inspector';
import { Process, Runtime } from '@keelson/process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

class Idle extends Process<Idle> {}

let inspector: KeelsonInspector;
let runtime: Runtime;
let port: number;
let token: string;

beforeAll(async () => {
  inspector = createKeelsonInspector({ title: 'a test', picture: () => Promise.resolve({ layers: [] }) });
  runtime = new Runtime();
  inspector.watch(runtime);
  runtime.spawn(new Idle('idle'));
  const served = await inspector.listen();
  ({ port } = served);
  token = served.url.split('#token=')[1]!;
});
afterAll(async () => {
  await inspector.close();
  await runtime.finalize();
});

function ask(path: string, options: RequestOptions = {}): Promise<{ response: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, agent: false, ...options })
      .on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
          if (path.endsWith('stream') && text.includes('idle(1)')) response.destroy();
        });
        response.on('close', () => resolve({ response, text }));
      })
      .on('error', reject)
      .end();
  });
}

const known = (): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe('the inspector endpoint', () => {
  it('puts its token where it is sent to nobody', async () => {
    const { url } = await inspector.listen();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/inspector\/#token=[\w-]{32}$/);
  });

  it('streams records to who knows the token', async () => {
    const { response, text } = await ask('/inspector/stream', { headers: known() });
    expect(response.statusCode).toBe(200);
    const [hello, ...batches] = text.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(hello).toMatchObject({ hello: { version: 1, title: 'a test' } });
    expect(JSON.stringify(batches)).toContain('"kind":"spawned"');
  });

  it('answers the picture of the store, and nothing where there is none', async () => {
    expect((await ask('/inspector/store', { headers: known() })).text).toBe('{"layers":[]}');
    expect((await ask('/inspector/trace', { headers: known() })).response.statusCode).toBe(404);
  });

  it.each(['stream', 'store', 'trace'])('tells %s to nobody without the token', async (name) => {
    for (const headers of [{}, { authorization: 'Bearer x' }, { authorization: `Basic ${token}` }]) {
      expect((await ask(`/inspector/${name}`, { headers })).response.statusCode).toBe(401);
    }
  });

  it.each([
    ['another name, made to resolve here', { host: 'rebound.example' }],
    ['another origin', { origin: 'http://evil.example' }],
    ['the same host on another port', { origin: 'http://127.0.0.1:1' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
  ])('refuses %s, token or not', async (_who, headers) => {
    expect((await ask('/inspector/stream', { headers: { ...known(), ...headers } })).response.statusCode).toBe(403);
    expect((await ask('/inspector/', { headers })).response.statusCode).toBe(403);
    const upgrade = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
    const key = { 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
    const path = `/inspector/stately/socket?token=${token}`;
    expect((await ask(path, { headers: { ...upgrade, ...key, ...headers } })).response.statusCode).toBe(403);
  });

  it('only reads', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await ask('/inspector/stream', { method, headers: known() })).response.statusCode).toBe(405);
    }
  });

  it('leaves other paths to others', async () => {
    const { response } = await ask('/inspectorate');
    expect(response.headers.location).toBe('/inspector/');
    expect((await ask('/inspector/../../package.json')).response.statusCode).toBe(404);
    expect((await ask('/inspector/constructor')).response.statusCode).toBe(404);
  });
});
