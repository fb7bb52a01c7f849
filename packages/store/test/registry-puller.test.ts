import { digestOf, mediaTypes } from '@keelson/image';
import { HttpError } from '@keelson/os/ports';
import type { Future, PID } from '@keelson/process';
import { Runtime, VirtualClock } from '@keelson/process';
import type { ResolveRequest } from '@keelson/store';
import { parseSource, RegistryPuller } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { FakeRegistry } from './support/fake-registry.js';
import { MemoryFiles } from './support/memory-files.js';

const amd64 = { os: 'linux', architecture: 'amd64' };
const registry = '127.0.0.1:5000';
const base = `http://${registry}/v2/team/app`;
const name = `${registry}/team/app:1`;

class Bench {
  readonly files = new MemoryFiles();
  readonly registry = new FakeRegistry(this.files);
  readonly clock = new VirtualClock();
  readonly runtime = new Runtime({ clock: this.clock });
  readonly puller: PID<RegistryPuller>;

  constructor() {
    const random = { next: () => 0.5, id: (prefix: string) => prefix };
    this.puller = this.runtime.spawn(new RegistryPuller({ http: this.registry, files: this.files, random }));
  }

  resolve(
    reference: string,
    extra: Partial<ResolveRequest> = {},
  ): ReturnType<PID<RegistryPuller>['resolve']> {
    const resolved = this.puller.resolve({ source: parseSource(reference), platform: amd64, ...extra });
    this.run();
    return resolved;
  }

  fetch(digest: string, sizeBytes: number): ReturnType<PID<RegistryPuller>['fetch']> {
    const origin = { scheme: 'docker', location: `${registry}/team/app` } as const;
    const fetched = this.puller.fetch({ origin, digest: digest as never, sizeBytes }, '/blob', () => {});
    this.run();
    return fetched;
  }

  /** Also through the pauses between attempts. */
  run(): void {
    this.clock.advance(200_000);
    this.runtime.settle();
  }
}

const codeOf = (future: Future<unknown>): unknown => (future.failure() as { code?: string }).code;

describe('registry puller', () => {
  it('resolves a tag to its manifest, configuration and layers with their chain ids', () => {
    const bench = new Bench();
    const { digest } = bench.registry.image(base, '1', ['a', 'bb']);
    const image = bench.resolve(name).get();
    expect(image).toMatchObject({
      reference: name,
      digest,
      platform: amd64,
      origin: { scheme: 'docker', location: `${registry}/team/app` },
      layers: [{ sizeBytes: 1, compression: 'none' }, { sizeBytes: 2 }],
    });
    expect(image.indexDigest).toBeUndefined();
    expect(image.layers[0]!.id).toBe(image.layers[0]!.diffId.slice('sha256:'.length));
  });

  it('says in Accept what it can read, and asks for bytes as they are', () => {
    const bench = new Bench();
    bench.registry.image(base, '1', ['a']);
    bench.resolve(name);
    const { headers } = bench.registry.log[0]!;
    expect(headers).toMatchObject({ 'accept-encoding': 'identity' });
    expect(headers?.['accept']).toContain(mediaTypes.dockerManifestList);
  });

  it('chooses the platform from an index, also from one inside another', () => {
    const bench = new Bench();
    const arm = { ...bench.registry.image(base, 'arm', ['x'], 'arm64'), architecture: 'arm64' };
    const amd = { ...bench.registry.image(base, 'amd', ['y']), architecture: 'amd64' };
    const inner = { ...bench.registry.index(base, 'inner', [arm, amd]), architecture: 'amd64' };
    const outer = bench.registry.index(base, '1', [inner]);
    expect(bench.resolve(name).get()).toMatchObject({ digest: amd.digest, indexDigest: outer.digest });
    expect(codeOf(bench.resolve(name, { platform: { os: 'linux', architecture: 's390x' } }))).toBe(
      'PLATFORM_NOT_FOUND',
    );
  });

  it('refuses an image of another platform than the one the user named', () => {
    const bench = new Bench();
    bench.registry.image(base, '1', ['a'], 'arm64');
    expect(bench.resolve(name).get().platform.architecture).toBe('arm64');
    expect(codeOf(bench.resolve(name, { platformRequired: true }))).toBe('PLATFORM_NOT_FOUND');
  });

  it('does not ask for a configuration it knows', () => {
    const bench = new Bench();
    bench.registry.image(base, '1', ['a']);
    const { configDigest, config } = bench.resolve(name).get();
    bench.registry.log.length = 0;
    bench.resolve(name, { known: { configDigest, config } });
    expect(bench.registry.urls()).toEqual([`${base}/manifests/1`]);
  });

  it('verifies a manifest that was asked for by digest', () => {
    const bench = new Bench();
    const { digest } = bench.registry.image(base, '1', ['a']);
    expect(bench.resolve(`${registry}/team/app@${digest}`).get().digest).toBe(digest);
    bench.registry.serve(`${base}/manifests/${digest}`, { status: 200, body: '{"schemaVersion":2}' });
    expect(codeOf(bench.resolve(`${registry}/team/app@${digest}`))).toBe('DIGEST_MISMATCH');
  });

  it('verifies a manifest against the digest the registry states', () => {
    const bench = new Bench();
    bench.registry.image(base, '1', ['a']);
    const headers = { 'docker-content-digest': digestOf(Buffer.from('another')) };
    bench.registry.serve(`${base}/manifests/1`, { status: 200, headers, body: '{}' });
    expect(codeOf(bench.resolve(name))).toBe('DIGEST_MISMATCH');
  });

  it('refuses a manifest whose Content-Type says something else', () => {
    const bench = new Bench();
    const body = '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}';
    bench.registry.document(base, '1', mediaTypes.ociManifest, body);
    expect(codeOf(bench.resolve(name))).toBe('MEDIA_TYPE_MISMATCH');
  });

  it('refuses a configuration that speaks of other layers than the manifest', () => {
    const bench = new Bench();
    const config = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}';
    const manifest = JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: { ...bench.registry.blob(base, config), mediaType: mediaTypes.ociConfig },
      layers: [bench.registry.blob(base, 'a')],
    });
    bench.registry.document(base, '1', mediaTypes.ociManifest, manifest);
    expect(codeOf(bench.resolve(name))).toBe('INVALID_MANIFEST');
  });

  it('says IMAGE_NOT_FOUND for an unknown tag, and never looks for what is below localhost/', () => {
    const bench = new Bench();
    expect(codeOf(bench.resolve(name))).toBe('IMAGE_NOT_FOUND');
    bench.registry.log.length = 0;
    expect(codeOf(bench.resolve('localhost/app:1'))).toBe('IMAGE_NOT_FOUND');
    expect(bench.registry.log).toEqual([]);
  });

  it.each([
    ['docker.io', 'mysql', 'https://registry-1.docker.io/v2/library/mysql/manifests/latest', false],
    ['another host', 'quay.io/a/b:1', 'https://quay.io/v2/a/b/manifests/1', false],
    ['another host, insecure', 'quay.io/a/b:1', 'http://quay.io/v2/a/b/manifests/1', true],
    ['127.0.0.0/8', '127.8.0.1:81/b:1', 'http://127.8.0.1:81/v2/b/manifests/1', false],
    ['localhost', 'localhost:5000/b:1', 'http://localhost:5000/v2/b/manifests/1', false],
    ['::1', '[::1]:5000/b:1', 'http://[::1]:5000/v2/b/manifests/1', false],
    [
      'a name that only looks like loopback',
      '127.0.0.1.example.com/b:1',
      'https://127.0.0.1.example.com/v2/b/manifests/1',
      false,
    ],
  ])('speaks to %s as it should', (_, reference, url, insecure) => {
    const bench = new Bench();
    bench.resolve(reference, { insecure });
    expect(bench.registry.urls()[0]).toBe(url);
  });

  it('brings a blob and checks its size and digest', () => {
    const bench = new Bench();
    const { digest, size } = bench.registry.blob(base, 'content');
    expect(bench.fetch(digest, size).get()).toEqual({ path: '/blob', temporary: true, downloadedBytes: 7 });

    const url = `${base}/blobs/${digest}`;
    bench.registry.serve(url, { status: 200, body: 'CONTENT' });
    expect(codeOf(bench.fetch(digest, size))).toBe('DIGEST_MISMATCH');
    bench.registry.serve(url, { status: 200, body: 'cont' });
    expect(codeOf(bench.fetch(digest, size))).toBe('SIZE_MISMATCH');
    bench.registry.serve(url, { status: 200, body: 'content and more' });
    expect(codeOf(bench.fetch(digest, size))).toBe('SIZE_MISMATCH');
    bench.files.nodes.delete('/blob');
    bench.registry.serve(url, { status: 200, body: 'CONTENT' });
    bench.fetch(digest, size);
    expect(bench.files.nodes.has('/blob')).toBe(false);
  });
});

describe('registry tokens', () => {
  const challenge =
    'Bearer realm="http://auth.test/token",service="reg",scope="repository:team/app:pull,push"';

  function guarded(header = challenge, token: string = JSON.stringify({ token: 'secret' })): Bench {
    const bench = new Bench();
    bench.registry.image(base, '1', ['a']);
    bench.registry.intercept(({ url, headers }) => {
      if (url.startsWith('http://auth.test/')) return { status: 200, body: token };
      if (headers?.['authorization'] === 'Bearer secret') return undefined;
      return { status: 401, headers: { 'www-authenticate': header } };
    });
    return bench;
  }

  it('are asked for anonymously, as the challenge says, and used from then on', () => {
    const bench = guarded();
    bench.resolve(name).get();
    const asked = bench.registry.urls().filter((url) => url.startsWith('http://auth.test'));
    expect(asked).toEqual(['http://auth.test/token?service=reg&scope=repository%3Ateam%2Fapp%3Apull%2Cpush']);
  });

  it('may be called access_token, and get a scope where the challenge names none', () => {
    const bench = guarded('Bearer realm="http://auth.test/token"', '{"access_token":"secret"}');
    bench.resolve(name).get();
    expect(bench.registry.urls()[1]).toBe('http://auth.test/token?scope=repository%3Ateam%2Fapp%3Apull');
  });

  it('are renewed once when they have run out', () => {
    const bench = guarded();
    bench.resolve(name).get();
    let refusals = 1;
    bench.registry.intercept(({ url }) =>
      url.includes('/manifests/') && refusals-- > 0
        ? { status: 401, headers: { 'www-authenticate': challenge } }
        : undefined,
    );
    expect(bench.resolve(name).isReady()).toBe(true);
  });

  it.each([
    ['Basic realm="x"', undefined],
    ['', undefined],
    ['Bearer realm="file:///etc/passwd"', undefined],
    [challenge, '{"token":"another"}'],
  ])('end in UNAUTHORIZED when an anonymous client cannot have one: %s', (header, token) => {
    expect(codeOf(guarded(header, token).resolve(name))).toBe('UNAUTHORIZED');
  });

  it.each(['no json', '{}', '{"token":"a\\r\\nb: c"}'])(
    'are an error of the registry when the answer is %s',
    (token) => {
      expect(codeOf(guarded(challenge, token).resolve(name))).toBe('REGISTRY_ERROR');
    },
  );
});

describe('registry redirects', () => {
  it('are followed by hand, and the token stays with its origin', () => {
    const bench = new Bench();
    const { digest, size } = bench.registry.blob(base, 'content');
    bench.registry.intercept(({ url, headers }) => {
      if (url === 'http://auth.test/token?scope=repository%3Ateam%2Fapp%3Apull')
        return { status: 200, body: '{"token":"t"}' };
      if (url === 'http://cdn.test/x') return { status: 200, body: 'content' };
      if (url.endsWith('/moved')) return { status: 307, headers: { location: 'http://cdn.test/x' } };
      if (headers?.['authorization'] === undefined) {
        return { status: 401, headers: { 'www-authenticate': 'Bearer realm="http://auth.test/token"' } };
      }
      return { status: 302, headers: { location: '/moved' } };
    });
    expect(bench.fetch(digest, size).isReady()).toBe(true);
    const [moved, cdn] = bench.registry.log.slice(-2);
    expect(moved?.headers).toHaveProperty('authorization', 'Bearer t');
    expect(cdn?.headers).not.toHaveProperty('authorization');
  });

  it('are bounded', () => {
    const bench = new Bench();
    bench.registry.intercept(() => ({ status: 302, headers: { location: '/again' } }));
    expect(codeOf(bench.resolve(name))).toBe('REGISTRY_ERROR');
    expect(bench.registry.log).toHaveLength(11);
  });

  it.each(['ftp://x/', 'http://[', 'file:///etc/passwd'])('to %s are refused', (location) => {
    const bench = new Bench();
    bench.registry.intercept(() => ({ status: 302, headers: { location } }));
    expect(codeOf(bench.resolve(name))).toBe('REGISTRY_ERROR');
  });

  it('never lead from https to http', () => {
    const bench = new Bench();
    bench.registry.intercept(() => ({ status: 302, headers: { location: 'http://elsewhere.test/' } }));
    expect(codeOf(bench.resolve('quay.io/a/b'))).toBe('REGISTRY_ERROR');
  });
});

describe('registry retries', () => {
  it.each([408, 429, 500, 502, 503, 504])('try %i again', (status) => {
    const bench = new Bench();
    bench.registry.image(base, '1', ['a']);
    let failures = 3;
    bench.registry.intercept(() => (failures-- > 0 ? { status } : undefined));
    expect(bench.resolve(name).isReady()).toBe(true);
  });

  it.each(['CONNECTION_FAILED', 'CONNECTION_RESET', 'IDLE_TIMEOUT', 'TRUNCATED'] as const)(
    'try %s again, and give up',
    (code) => {
      const bench = new Bench();
      bench.registry.intercept(() => new HttpError(code, 'gone'));
      expect(codeOf(bench.resolve(name))).toBe('REGISTRY_UNREACHABLE');
      expect(bench.registry.log).toHaveLength(5);
    },
  );

  it('give up with what the registry said', () => {
    const bench = new Bench();
    bench.registry.intercept(() => ({ status: 503, body: 'too \u0007 busy' }));
    const error = bench.resolve(name).failure();
    expect(error).toMatchObject({ code: 'REGISTRY_ERROR' });
    expect(error.message).toContain('503: too busy');
  });

  it.each([400, 403, 404, 501])('do not try %i again', (status) => {
    const bench = new Bench();
    bench.registry.intercept(() => ({ status }));
    bench.resolve(name);
    expect(bench.registry.log).toHaveLength(1);
  });

  it('wait as long as the registry asks, up to a cap', () => {
    const bench = new Bench();
    bench.registry.intercept(() => ({ status: 429, headers: { 'retry-after': '20' } }));
    const source = parseSource(name);
    bench.puller.resolve({ source, platform: amd64 });
    bench.runtime.settle();
    bench.clock.advance(19_000);
    bench.runtime.settle();
    expect(bench.registry.log).toHaveLength(1);
    bench.clock.advance(1_000);
    bench.runtime.settle();
    expect(bench.registry.log).toHaveLength(2);
  });

  it('wait until the date a registry names', () => {
    const bench = new Bench();
    const date = new Date(Math.ceil(Date.now() / 1000) * 1000 + 25_000).toUTCString();
    bench.registry.intercept(() => ({ status: 503, headers: { 'retry-after': date } }));
    bench.puller.resolve({ source: parseSource(name), platform: amd64 });
    bench.runtime.settle();
    bench.clock.advance(5_000);
    bench.runtime.settle();
    expect(bench.registry.log).toHaveLength(1);
    bench.clock.advance(25_000);
    bench.runtime.settle();
    expect(bench.registry.log).toHaveLength(2);
  });

  it('end when nobody wants the answer any more', () => {
    const bench = new Bench();
    bench.registry.intercept(() => ({ status: 503 }));
    const resolved = bench.puller.resolve({ source: parseSource(name), platform: amd64 });
    bench.runtime.settle();
    resolved.discard();
    bench.run();
    expect(resolved.isDiscarded()).toBe(true);
    expect(bench.registry.log.length).toBeLessThan(5);
  });
});
