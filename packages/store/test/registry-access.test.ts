import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { LocalFiles, LocalSubprocesses } from '@keelson/os';
import { ConfigCredentials, Credential, givenAccess, parseChallenges } from '@keelson/store';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { layerOf } from './support/archives.js';
import { LoopbackRegistry } from './support/loopback-registry.js';
import type { IncomingMessage } from './support/loopback-server.js';
import { LoopbackServer } from './support/loopback-server.js';
import { StoreOnDisk } from './support/store-on-disk.js';

const basic = `Basic ${Buffer.from('user:pa:ss').toString('base64')}`;
const retry = { attempts: 3, firstPauseMs: 1, longestPauseMs: 2 };

describe('challenges', () => {
  const read = (header: string) =>
    parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

  it.each<[string, unknown]>([
    ['Basic', [['basic', {}]]],
    ['Basic realm="x"', [['basic', { realm: 'x' }]]],
    [
      'Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"',
      [['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:a/b:pull,push' }]],
    ],
    ['BASIC realm=x , bearer Realm = "y"', [['basic', { realm: 'x' }], ['bearer', { realm: 'y' }]]],
    ['Basic realm="a, Bearer realm=b", Bearer realm="c"', [['basic', { realm: 'a, Bearer realm=b' }], ['bearer', { realm: 'c' }]]],
    [String.raw`Basic realm="a \"b\" \\ c"`, [['basic', { realm: 'a "b" \\ c' }]]],
    ['Negotiate, Basic realm="x"', [['negotiate', {}], ['basic', { realm: 'x' }]]],
    ['Negotiate dG9rZW4=, Basic realm="x"', [['negotiate', {}], ['basic', { realm: 'x' }]]],
    [',, Basic realm="x",, charset="UTF-8",', [['basic', { realm: 'x', charset: 'UTF-8' }]]],
    ['Basic realm=""', [['basic', { realm: '' }]]],
    ['', []],
    ['Basic realm="x', []],
    ['Basic realm="x" charset="y"', []],
    ['Basic realm="x", realm="y"', []],
    // A token68, by the grammar.
    ['Basic realm=', [['basic', {}]]],
    ['Basic Basic', [['basic', {}]]],
    ['Basic Basic Basic', []],
    ['"Basic"', []],
    ['Basic realm="x"y', []],
    ['Basic realm="a\u0000b"', []],
    [`Basic realm="${'x'.repeat(9000)}"`, []],
  ])('%s', (header, expected) => {
    expect(read(header)).toEqual(expected);
  });

  it('read back what was written, whatever the values hold', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ' ', ',', '=', '"', '\\', ':', '/', '\t', 'é') });
    const challenge = fc.record({
      scheme: fc.constantFrom('basic', 'bearer', 'digest'),
      parameters: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), value, { minKeys: 1, maxKeys: 4 }),
    });
    const write = (text: string): string => `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const header = challenges
          .map(({ scheme, parameters }) => {
            return `${scheme} ${Object.entries(parameters).map(([name, text]) => `${name}=${write(text)}`).join(', ')}`;
          })
          .join(', ');
        expect(read(header)).toEqual(challenges.map((each) => [each.scheme, { ...each.parameters }]));
      }),
    );
  });

  it('are taken from no garbage, and in no time', () => {
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => void parseChallenges(text)));
    expect(parseChallenges(`Basic ${'a=,'.repeat(2700)}`)).toEqual([]);
    expect(parseChallenges('Basic '.repeat(1300))).toEqual([]);
  });
});

describe('a credential', () => {
  it('is not in anything that prints it', () => {
    const access = givenAccess('registry.test', 'user', 'hidden-secret');
    const shown = [Credential.password('user', 'hidden-secret'), Credential.identityToken('hidden-secret'), access];
    for (const each of shown) expect(JSON.stringify(each) + inspect(each, { depth: 9, showHidden: true })).not.toContain('hidden-secret');
    expect(access.id).not.toContain('user');
  });
});

interface Guard {
  readonly registry: LoopbackRegistry;
  readonly world: StoreOnDisk;
  readonly reference: string;
  /** Writes credentials where they are looked for. */
  config(content: object): void;
  helper(name: string, script: string): void;
}

/** A registry that serves those alone whom `admits` lets in, and answers the others with a challenge. */
async function guarded(admits: (authorization: string) => boolean, challenge: (host: string) => string): Promise<Guard> {
  const registry = await LoopbackRegistry.open();
  registry.publish('team/app', '1', [layerOf('a'), layerOf('b'), layerOf('c')]);
  registry.misbehave(/^\/v2\//, ({ headers }, response) => {
    if (headers.authorization !== undefined && admits(headers.authorization)) return false;
    response.writeHead(401, { 'www-authenticate': challenge(registry.host) }).end();
    return true;
  });
  let folder = '';
  const lazily = { id: 'own', credential: (...asked: [string, string]) => credentials().credential(...asked) };
  const credentials = (): ConfigCredentials =>
    new ConfigCredentials({
      files: new LocalFiles(),
      subprocesses: new LocalSubprocesses(),
      id: 'own',
      configs: [{ path: join(folder, 'missing.json') }, { path: join(folder, 'config.json') }],
      environment: { PATH: `${folder}/bin:/usr/bin:/bin` },
      helperTimeoutMs: 2_000,
    });
  const world = await StoreOnDisk.open({ registry: { retry, access: lazily } });
  folder = world.folder;
  mkdirSync(join(folder, 'bin'));
  // Programs are looked for where this process looks.
  vi.stubEnv('PATH', `${join(folder, 'bin')}:${process.env['PATH']}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  return {
    registry,
    world,
    reference: `${registry.host}/team/app:1`,
    config: (content) => writeFileSync(join(folder, 'config.json'), JSON.stringify(content)),
    helper: (name, script) =>
      writeFileSync(join(folder, 'bin', `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode: 0o755 }),
  };
}

const auth = Buffer.from('user:pa:ss').toString('base64');

describe('a registry that wants Basic', () => {
  const open = (): Promise<Guard> => guarded((sent) => sent === basic, () => 'Basic realm="registry"');

  it.each<[string, (host: string) => object]>([
    ['in auths', (host) => ({ auths: { [host]: { auth } } })],
    ['in auths with an address', (host) => ({ auths: { [`https://${host}/v2/`]: { auth } } })],
    ['in auths for a part of the path', (host) => ({ auths: { [host]: { auth: 'eDp5' }, [`${host}/team`]: { auth } } })],
    ['in auths in two fields', (host) => ({ auths: { [host]: { username: 'user', password: 'pa:ss' } } })],
    ['in a flat file', (host) => ({ [host]: { auth } })],
  ])('gets what is %s', async (_, config) => {
    const { world, registry, reference, config: write } = await open();
    write(config(registry.host));
    expect((await world.store.pull(reference)).layers).toHaveLength(3);
    // Learned once: the first request alone is refused.
    expect(registry.server.requests.filter(({ authorization }) => authorization === undefined)).toHaveLength(1);
  });

  it.each<[string, (host: string) => object]>([
    ['credHelpers', (host) => ({ credHelpers: { [host]: 'test' }, auths: { [host]: { auth: 'eDp5' } } })],
    ['credsStore', () => ({ credsStore: 'test' })],
  ])('gets what a helper of %s answers', async (_, config) => {
    const { world, registry, reference, config: write, helper } = await open();
    write(config(registry.host));
    helper('test', `read server; [ "$1 $server" = "get ${registry.host}" ] && echo '{"Username":"user","Secret":"pa:ss"}'`);
    expect((await world.store.pull(reference)).layers).toHaveLength(3);
  });

  it('gets what is in auths when a helper knows nothing', async () => {
    const { world, registry, reference, config, helper } = await open();
    config({ credsStore: 'test', auths: { [registry.host]: { auth } } });
    helper('test', 'echo credentials not found in native keychain; exit 1');
    expect((await world.store.pull(reference)).layers).toHaveLength(3);
  });

  it.each<[string, string]>([
    ['fails', 'echo hidden-secret; exit 3'],
    ['answers no JSON', 'echo hidden-secret'],
    ['answers something else', 'echo \'{"Username":"hidden-secret"}\''],
    ['does not end', 'exec sleep 60'],
  ])('is CREDENTIALS_INVALID when a helper %s, and nothing it said is told', async (_, script) => {
    const { world, registry, reference, config, helper } = await open();
    config({ credHelpers: { [registry.host]: 'test' } });
    helper('test', script);
    const error = await Promise.resolve(world.store.pull(reference)).then(() => undefined, (failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    expect(inspect(error, { depth: 9 })).not.toContain('hidden-secret');
  });

  it.each<[string, string]>([
    ['no JSON', '{"auths":{"x":{"auth":"hidden-secret'],
    ['no credential', '{"auths":{"HOST":{"auth":"aGlkZGVuLXNlY3JldA=="}}}'],
    ['a helper with a path', '{"credsStore":"../../bin/sh"}'],
  ])('is CREDENTIALS_INVALID when the file holds %s', async (_, content) => {
    const { world, registry, reference } = await open();
    writeFileSync(join(world.folder, 'config.json'), content.replace('HOST', registry.host));
    const error = await Promise.resolve(world.store.pull(reference)).then(() => undefined, (failure: unknown) => failure);
    expect(error).toMatchObject({ code: 'CREDENTIALS_INVALID' });
    expect(inspect(error, { depth: 9 })).not.toContain('hidden-secret');
  });

  it.each<[string, object]>([
    ['there are none', {}],
    ['they are for another host', { auths: { 'registry.test': { auth } } }],
    ['they are wrong', { auths: { HOST: { auth: 'eDp5' } } }],
  ])('is UNAUTHORIZED when %s', async (_, config) => {
    const { world, registry, reference } = await open();
    writeFileSync(join(world.folder, 'config.json'), JSON.stringify(config).replace('HOST', registry.host));
    expect(await world.codeOf(world.store.pull(reference))).toBe('UNAUTHORIZED');
  });

  it('asks again for what is here when a caller has credentials of its own (T18)', async () => {
    const { world, registry, reference, config } = await open();
    config({ auths: { [registry.host]: { auth } } });
    await world.store.pull(reference);
    const wrong = givenAccess(registry.host, 'user', 'wrong');
    expect(await world.codeOf(world.store.pull(reference, { access: wrong }))).toBe('UNAUTHORIZED');
    const right = givenAccess(registry.host, 'user', 'pa:ss');
    expect((await world.store.pull(reference, { access: right })).bytesDownloaded).toBe(0);
    const elsewhere = givenAccess('registry.test', 'user', 'pa:ss');
    expect(await world.codeOf(world.store.pull(reference, { access: elsewhere }))).toBe('UNAUTHORIZED');
  });
});

describe('a registry that wants a token', () => {
  interface TokenServer {
    readonly guard: Guard;
    readonly asked: { readonly url: URL; readonly method: string; readonly authorization: string | undefined; readonly form: URLSearchParams }[];
    answer: (request: { url: URL; method: string; form: URLSearchParams }) => [number, object];
  }

  async function open(hostname = '127.0.0.1'): Promise<TokenServer> {
    const asked: TokenServer['asked'] = [];
    const server: TokenServer = { guard: undefined as never, asked, answer: () => [200, { token: 'good' }] };
    const tokens = await LoopbackServer.open((request, response) => {
      void bodyOf(request).then((body) => {
        const url = new URL(request.url!, 'http://x');
        const { method = '', headers } = request;
        const form = new URLSearchParams(body);
        asked.push({ url, method, authorization: headers.authorization, form });
        const [status, answer] = server.answer({ url, method, form });
        response.writeHead(status).end(JSON.stringify(answer));
      });
    });
    const realm = `http://${tokens.host.replace('127.0.0.1', hostname)}/token`;
    const challenge = `Bearer realm="${realm}",service="reg",scope="repository:team/app:pull"`;
    const guard = await guarded((sent) => sent === 'Bearer good', () => challenge);
    return Object.assign(server, { guard });
  }

  it('gets one, shown the credentials, and all requests share it', async () => {
    const server = await open();
    const { world, registry, reference, config } = server.guard;
    config({ auths: { [registry.host]: { auth } } });
    await world.store.pull(reference);
    expect(server.asked).toHaveLength(1);
    const [{ url, authorization }] = server.asked as [TokenServer['asked'][0]];
    expect(authorization).toBe(basic);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      service: 'reg',
      scope: 'repository:team/app:pull',
      account: 'user',
    });
  });

  it('gets one for an identity token by POST', async () => {
    const server = await open();
    const { world, registry, reference, config } = server.guard;
    config({ auths: { [registry.host]: { identitytoken: 'refresh-me' } } });
    server.answer = ({ form }) => (form.get('refresh_token') === 'refresh-me' ? [200, { access_token: 'good' }] : [401, {}]);
    await world.store.pull(reference);
    expect(server.asked.map(({ method, form }) => [method, form.get('grant_type')])).toEqual([['POST', 'refresh_token']]);
  });

  it('gets one by POST where the service knows no GET', async () => {
    const server = await open();
    const { world, registry, reference, config } = server.guard;
    config({ auths: { [registry.host]: { auth } } });
    server.answer = ({ method, form }) =>
      method === 'GET' ? [405, {}] : form.get('password') === 'pa:ss' ? [200, { access_token: 'good' }] : [401, {}];
    expect((await world.store.pull(reference)).layers).toHaveLength(3);
  });

  it('keeps a token no longer than it is good for', async () => {
    const server = await open();
    const { world, reference } = server.guard;
    // Shorter than the margin: every request needs a new one, and gets it before it is refused.
    server.answer = () => [200, { token: 'good', expires_in: 1 }];
    await world.store.pull(reference);
    expect(server.asked.length).toBeGreaterThan(1);
  });

  it('is shown no credentials on another host, but may still give an anonymous token', async () => {
    const server = await open('localhost');
    const { world, registry, reference, config } = server.guard;
    config({ auths: { [registry.host]: { auth } } });
    await world.store.pull(reference);
    expect(server.asked.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('is tried again when its token service is busy', async () => {
    const server = await open();
    let busy = 1;
    server.answer = () => (busy-- > 0 ? [503, {}] : [200, { token: 'good' }]);
    expect((await server.guard.world.store.pull(server.guard.reference)).layers).toHaveLength(3);
  });

  it.each<[string, [number, object], string]>([
    ['refuses', [401, {}], 'UNAUTHORIZED'],
    ['answers nothing of use', [200, {}], 'REGISTRY_ERROR'],
    ['answers a header', [200, { token: 'a\r\nx: y' }], 'REGISTRY_ERROR'],
    ['gives one that is not taken', [200, { token: 'bad' }], 'UNAUTHORIZED'],
  ])('fails when its token service %s', async (_, answer, code) => {
    const server = await open();
    server.answer = () => answer;
    expect(await server.guard.world.codeOf(server.guard.world.store.pull(server.guard.reference))).toBe(code);
  });
});

describe('mirrors', () => {
  it('are asked before the registry itself, and with credentials of their own', async () => {
    const mirror = await LoopbackRegistry.open();
    const origin = await LoopbackRegistry.open();
    for (const [registry, prefix] of [[mirror, 'cache/'], [origin, '']] as const) {
      registry.publish(`${prefix}team/app`, '1', [layerOf('a')]);
    }
    const registries = { [origin.host]: { mirrors: [`${mirror.host}/cache`] } };
    const access = givenAccess(origin.host, 'user', 'secret');
    const world = await StoreOnDisk.open({ registry: { retry, registries, access } });
    const { reference } = await world.store.pull(`${origin.host}/team/app:1`);
    expect(reference).toBe(`${origin.host}/team/app:1`);
    expect(origin.server.requests).toEqual([]);
    expect(mirror.server.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
  });

  it.each<[string, (mirror: LoopbackRegistry) => void]>([
    ['is gone', (mirror) => mirror.server.close()],
    ['lacks the image', () => {}],
    ['is broken', (mirror) => mirror.misbehave(/./, (_, response) => (response.writeHead(500).end(), true))],
    [
      'lies about a layer',
      (mirror) => {
        mirror.publish('team/app', '1', [layerOf('a')]);
        mirror.misbehave(/blobs/, (_, response, served) => (response.end(Buffer.alloc(served?.bytes.length ?? 1)), true));
      },
    ],
  ])('that %s is passed over', async (_, change) => {
    const mirror = await LoopbackRegistry.open();
    const origin = await LoopbackRegistry.open();
    origin.publish('team/app', '1', [layerOf('a')]);
    const registries = { [origin.host]: { mirrors: [mirror.host] } };
    change(mirror);
    const world = await StoreOnDisk.open({ registry: { retry, registries } });
    expect((await world.store.pull(`${origin.host}/team/app:1`)).layers).toHaveLength(1);
    await world.nothingStaged();
  });
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  return body;
}
