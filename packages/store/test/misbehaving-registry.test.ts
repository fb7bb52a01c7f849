import { randomBytes } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { digestOf, mediaTypes } from '@keelson/image';
import { HttpClient } from '@keelson/os';
import { givenAccess } from '@keelson/store';
import { describe, expect, it } from 'vitest';
import { archive } from '../../image/test/archive.js';
import type { Misbehaviour, Served } from './support/loopback-registry.js';
import { LoopbackRegistry, serveWell } from './support/loopback-registry.js';
import type { ServerResponse } from './support/loopback-server.js';
import { LoopbackServer } from './support/loopback-server.js';
import type { StoreOnDiskOptions } from './support/store-on-disk.js';
import { StoreOnDisk } from './support/store-on-disk.js';

/** Large enough not to fit into one chunk, and random so that packing does not change that. */
const layer = archive({ name: 'content', content: randomBytes(300_000) });
const blobs = /\/app\/blobs\//;
const manifests = /\/app\/manifests\/1$/;

const retry = { attempts: 3, firstPauseMs: 1, longestPauseMs: 2 };

interface Bench {
  readonly registry: LoopbackRegistry;
  readonly world: StoreOnDisk;
  /** Of the layer. */
  readonly path: string;
  readonly reference: string;
}

async function bench(options: StoreOnDiskOptions = {}): Promise<Bench> {
  const registry = await LoopbackRegistry.open();
  const [path] = registry.publish('app', '1', [layer]);
  registry.publish('good', '1', [archive({ name: 'other', content: 'good' })]);
  const world = await StoreOnDisk.open({ ...options, registry: { retry, ...options.registry } });
  return { registry, world, path: path!, reference: `${registry.host}/app:1` };
}

const layerOnly =
  (path: () => string, misbehave: Misbehaviour): Misbehaviour =>
  (request, response, served) =>
    request.url === path() && misbehave(request, response, served);

const half = ({ bytes }: Served): Buffer => bytes.subarray(0, bytes.length >> 1);
const ok = (served: Served, length = served.bytes.length) => ({
  'content-type': served.type,
  'content-length': length,
});

/** Sends the half, and then the connection is gone. */
const breaksOff: Misbehaviour = (_, response, served) => {
  // Politely, so that what was sent arrives.
  response.writeHead(200, ok(served!)).write(half(served!), () => response.socket!.end());
  return true;
};

const impatient = (): StoreOnDiskOptions => ({ http: new HttpClient({ idleTimeoutMs: 100 }) });

/** Goes on for as long as somebody reads. */
function endless(response: ServerResponse, byte: number): boolean {
  response.writeHead(200);
  const forEver = new Readable({
    read() {
      this.push(Buffer.alloc(65_536, byte));
    },
  });
  pipeline(forEver, response, () => {});
  return true;
}

describe('a registry whose blob', () => {
  it.each<[string, Misbehaviour, string, StoreOnDiskOptions?]>([
    ['always breaks off at the same place', breaksOff, 'REGISTRY_UNREACHABLE'],
    [
      'is shorter than announced',
      (_, response, served) => (response.writeHead(200, { 'content-type': served!.type }).end(half(served!)), true),
      'SIZE_MISMATCH',
    ],
    [
      'is longer than announced',
      (_, response, served) => (response.writeHead(200).end(Buffer.concat([served!.bytes, Buffer.alloc(9)])), true),
      'SIZE_MISMATCH',
    ],
    [
      'has another length in its header',
      (_, response, served) => (response.writeHead(200, ok(served!, served!.bytes.length * 3)).write(served!.bytes), true),
      'SIZE_MISMATCH',
    ],
    [
      'is another one of the same size',
      (_, response, served) => {
        const bytes = Buffer.from(served!.bytes);
        bytes[bytes.length - 1]! ^= 1;
        return (response.writeHead(200, ok(served!)).end(bytes), true);
      },
      'DIGEST_MISMATCH',
    ],
    ['stalls', (_, response, served) => (response.writeHead(200, ok(served!)).write(half(served!)), true), 'REGISTRY_UNREACHABLE', impatient()],
    ['is never answered', () => true, 'REGISTRY_UNREACHABLE', impatient()],
    ['resets the connection', (_, response) => (response.socket!.resetAndDestroy(), true), 'REGISTRY_UNREACHABLE'],
    [
      'redirects in circles',
      ({ url }, response) => (response.writeHead(307, { location: url! }).end(), true),
      'REGISTRY_ERROR',
    ],
    [
      'redirects with bait for credentials',
      ({ url }, response) => (response.writeHead(307, { location: `http://user:secret@127.0.0.1:1${url}` }).end(), true),
      'REGISTRY_ERROR',
    ],
    ['redirects to a file', (_, response) => (response.writeHead(302, { location: 'file:///etc/passwd' }).end(), true), 'REGISTRY_ERROR'],
    ['is refused for now, for ever', (_, response) => (response.writeHead(503).end('busy'), true), 'REGISTRY_ERROR'],
    ['is limited, for ever', (_, response) => (response.writeHead(429, { 'retry-after': '0' }).end(), true), 'REGISTRY_ERROR'],
    ['is forbidden', (_, response) => (response.writeHead(403).end(), true), 'UNAUTHORIZED'],
    ['is not there', (_, response) => (response.writeHead(404).end(), true), 'REGISTRY_ERROR'],
    [
      'has no end',
      (_, response) => {
        return endless(response, 0);
      },
      'SIZE_MISMATCH',
    ],
    [
      'comes drop by drop',
      (_, response, served) => {
        response.writeHead(200, ok(served!));
        let at = 0;
        const drip = setInterval(() => response.write(served!.bytes.subarray(at, ++at)), 5);
        response.once('close', () => clearInterval(drip));
        return true;
      },
      'REGISTRY_UNREACHABLE',
      { registry: { documentTimeoutMs: 80, slowestBytesPerSecond: 1e9, retry: { ...retry, attempts: 1 } } },
    ],
    [
      'comes in parts nobody asked for',
      (_, response, served) => {
        const { length } = served!.bytes;
        response.writeHead(206, { 'content-range': `bytes 0-${length - 1}/${length}` }).end(served!.bytes);
        return true;
      },
      'INVALID_RESPONSE',
    ],
    ['is no HTTP', (_, response) => (response.socket!.end('SSH-2.0-OpenSSH_9.2\r\n'), true), 'INVALID_RESPONSE'],
    [
      'has headers without end',
      (_, response) => (response.socket!.write(`HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}`), true),
      'INVALID_RESPONSE',
    ],
  ])('%s is refused, leaves nothing, and harms no other pull', async (_, misbehave, code, options) => {
    const { registry, world, path, reference } = await bench(options);
    registry.misbehave(blobs, layerOnly(() => path, misbehave));

    const bad = world.store.pull(reference);
    const good = world.store.pull(`${registry.host}/good:1`);

    expect(await world.codeOf(bad)).toBe(code);
    expect((await good).layers).toHaveLength(1);
    expect((await world.store.images()).map((image) => image.reference)).toEqual([`${registry.host}/good:1`]);
    await world.nothingStaged();
  });

  it('unpacks to too much is refused while it does', async () => {
    const { registry, world } = await bench({ store: { unpackLimits: { maxRatio: 10, ratioFloorBytes: 1 << 20 } } });
    registry.publish('bomb', '1', [archive({ name: 'zeros', content: Buffer.alloc(8 << 20) })]);
    expect(await world.codeOf(world.store.pull(`${registry.host}/bomb:1`))).toBe('LAYER_LIMIT');
    await world.nothingStaged();
  });
});

describe('a registry whose blob breaks off once', () => {
  /** The first request breaks off, and the others are served like this. */
  async function afterOneBreak(rest: Misbehaviour): Promise<{ bench: Bench; ranges: () => (string | undefined)[] }> {
    const made = await bench();
    let requests = 0;
    made.registry.misbehave(
      blobs,
      layerOnly(
        () => made.path,
        (request, response, served) => (requests++ === 0 ? breaksOff : rest)(request, response, served),
      ),
    );
    const ranges = (): (string | undefined)[] =>
      made.registry.server.requests.filter(({ url }) => url === made.path).map(({ range }) => range);
    return { bench: made, ranges };
  }

  it('is asked for the rest alone', async () => {
    const { bench: made, ranges } = await afterOneBreak(() => false);
    expect((await made.world.store.pull(made.reference)).layers).toHaveLength(1);
    const [first, second] = ranges();
    expect(first).toBeUndefined();
    expect(second).toMatch(/^bytes=[1-9]\d+-$/);
  });

  it.each<[string, Misbehaviour]>([
    ['sends all of it, whatever it is asked', (request, response, served) => (delete request.headers.range, serveWell(request, response, served!), true)],
    [
      'sends another part than it was asked',
      (request, response, served) => {
        if (request.headers.range === undefined) return false;
        return (response.writeHead(206, { 'content-range': `bytes 5-9/${served!.bytes.length}` }).end('12345'), true);
      },
    ],
    [
      'sends the right part of something else',
      (request, response, served) => {
        if (request.headers.range === undefined) return false;
        serveWell(request, response, { ...served!, bytes: Buffer.alloc(served!.bytes.length, 7) });
        return true;
      },
    ],
    ['knows of no such part', (request, response) => request.headers.range !== undefined && (response.writeHead(416).end(), true)],
    ['is busy, and then goes on', (() => {
      let busy = 1;
      return (_request, response) => busy-- > 0 && (response.writeHead(503, { 'retry-after': '0' }).end(), true);
    })()],
  ])('and then %s still gives the image', async (_, rest) => {
    const { bench: made } = await afterOneBreak(rest);
    expect((await made.world.store.pull(made.reference)).layers).toHaveLength(1);
    await made.world.nothingStaged();
  });

  it('may break off any number of times, as long as it gets on', async () => {
    const { registry, world } = await bench();
    const [path] = registry.publish('long', '1', [archive({ name: 'content', content: randomBytes(2_000_000) })]);
    registry.misbehave(
      /./,
      layerOnly(
        () => path!,
        (request, response, served) => {
          const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
          const { bytes } = served!;
          const to = Math.min(bytes.length, from + 300_000);
          const range = from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
          response.writeHead(from === 0 ? 200 : 206, { ...range, 'content-length': bytes.length - from });
          response.write(bytes.subarray(from, to), () => (to < bytes.length ? response.socket!.end() : response.end()));
          return true;
        },
      ),
    );
    expect((await world.store.pull(`${registry.host}/long:1`)).layers).toHaveLength(1);
    expect(registry.count(path!)).toBeGreaterThan(retry.attempts);
  });
});

describe('a registry whose manifest', () => {
  const answer =
    (body: Buffer | string, headers: Record<string, string> = {}): Misbehaviour =>
    (_, response, served) => {
      const length = String(Buffer.byteLength(body));
      response.writeHead(200, { 'content-type': served!.type, 'content-length': length, ...headers }).end(body);
      return true;
    };
  const changed =
    (change: (document: Record<string, unknown>) => unknown): Misbehaviour =>
    (request, response, served) =>
      answer(JSON.stringify(change(JSON.parse(served!.bytes.toString()))))(request, response, served);

  it.each<[string, Misbehaviour, string]>([
    ['is endless', (_, response) => endless(response, 0x20), 'LIMIT_EXCEEDED'],
    ['announces gigabytes', (_, response) => (response.writeHead(200, { 'content-length': 5e9 }).write('{'), true), 'LIMIT_EXCEEDED'],
    ['is no JSON', answer('{"schemaVersion":2,'), 'INVALID_MANIFEST'],
    ['is a login page', answer('<html><form>Sign in</form></html>', { 'content-type': 'text/html' }), 'INVALID_MANIFEST'],
    ['says things twice', (request, response, served) => answer(served!.bytes.toString().replace('{', '{"config":{},'))(request, response, served), 'INVALID_MANIFEST'],
    ['nests without end', answer('{"a":'.repeat(100_000)), 'INVALID_MANIFEST'],
    ['is of schema 1', answer('{"schemaVersion":1,"fsLayers":[{"blobSum":"sha256:0"}]}', { 'content-type': 'application/vnd.docker.distribution.manifest.v1+prettyjws' }), 'SCHEMA1_UNSUPPORTED'],
    ['has another Content-Type than it says itself', (request, response, served) => answer(served!.bytes, { 'content-type': mediaTypes.ociIndex })(request, response, served), 'MEDIA_TYPE_MISMATCH'],
    ['is both a manifest and an index', changed((document) => ({ ...document, manifests: [] })), 'INVALID_MANIFEST'],
    ['is of an artifact', changed((document) => ({ ...document, config: { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(Buffer.from('{}')), size: 2 } })), 'NOT_AN_IMAGE'],
    ['has no layers', changed((document) => ({ ...document, layers: [] })), 'NO_LAYERS'],
    ['names layers by paths', changed((document) => ({ ...document, layers: [{ mediaType: mediaTypes.ociLayer, digest: '../../etc/passwd', size: 1 }] })), 'INVALID_MANIFEST'],
    ['has another digest than its header says', (request, response, served) => answer(served!.bytes, { 'docker-content-digest': digestOf(Buffer.from('x')) })(request, response, served), 'DIGEST_MISMATCH'],
    ['is packed on the way', (request, response, served) => answer(gzipSync(served!.bytes), { 'content-encoding': 'gzip' })(request, response, served), 'REGISTRY_ERROR'],
    ['wants credentials, and says not which', (_, response) => (response.writeHead(401).end(), true), 'UNAUTHORIZED'],
    ['wants credentials in a way nobody has', (_, response) => (response.writeHead(401, { 'www-authenticate': 'Digest realm="x", nonce="y"' }).end(), true), 'UNAUTHORIZED'],
    ['wants credentials that cannot be read', (_, response) => (response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://x' }).end(), true), 'UNAUTHORIZED'],
    ['is not there', (_, response) => (response.writeHead(404).end(), true), 'IMAGE_NOT_FOUND'],
    ['fails with a page of its own', (_, response) => (response.writeHead(500).end('x'.repeat(100_000)), true), 'REGISTRY_ERROR'],
  ])('%s is refused, and leaves nothing', async (_, misbehave, code) => {
    const { registry, world, reference } = await bench();
    registry.misbehave(manifests, misbehave);
    expect(await world.codeOf(world.store.pull(reference))).toBe(code);
    expect(await world.store.images()).toEqual([]);
    await world.nothingStaged();
  });

  it('announces a configuration that is another one', async () => {
    const { registry, world, path, reference } = await bench();
    registry.misbehave(blobs, ({ url }, response) => url !== path && (response.writeHead(200).end('{}'), true));
    expect(await world.codeOf(world.store.pull(reference))).toMatch(/SIZE_MISMATCH|DIGEST_MISMATCH/);
  });

  it('is at no address any more', async () => {
    const { registry, world, reference } = await bench();
    registry.server.close();
    expect(await world.codeOf(world.store.pull(reference))).toBe('REGISTRY_UNREACHABLE');
  });
});

describe('a registry that sends its blobs elsewhere', () => {
  it('has its credentials kept, and the other server sees none', async () => {
    const { registry, world, path, reference } = await bench();
    const elsewhere = await LoopbackServer.open((request, response) => {
      const served = storage.get(request.url!);
      if (served) serveWell(request, response, served);
      else response.writeHead(404).end();
    });
    const storage = new Map<string, Served>();
    registry.misbehave(/./, (request, response, served) => {
      if (request.headers.authorization === undefined) {
        const realm = `http://${registry.host}/token`;
        if (request.url!.startsWith('/token')) return (response.end('{"token":"t"}'), true);
        return (response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end(), true);
      }
      if (request.url !== path) return false;
      storage.set('/x', served!);
      return (response.writeHead(307, { location: `http://${elsewhere.host}/x` }).end(), true);
    });
    expect((await world.store.pull(reference)).layers).toHaveLength(1);
    expect(elsewhere.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
    expect(registry.server.requests.at(-1)!.authorization).toBe('Bearer t');
  });

  it('does not get its credentials shown to a server that asks for them there', async () => {
    const { registry, world, path, reference } = await bench();
    // The bait: a token service of its own, on the host that the registry's credentials may be shown to.
    const elsewhere = await LoopbackServer.open((_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="http://${elsewhere.host}/token"` }).end();
    });
    registry.misbehave(blobs, ({ url }, response) => {
      return url === path && (response.writeHead(307, { location: `http://${elsewhere.host}/x` }).end(), true);
    });
    const access = givenAccess(registry.host, 'user', 'secret');
    expect(await world.codeOf(world.store.pull(reference, { access }))).toBe('UNAUTHORIZED');
    expect(elsewhere.requests.map(({ url, authorization }) => [url, authorization])).toEqual([['/x', undefined]]);
  });
});

describe('pulls of one image at a time', () => {
  it('fetch every blob once, and end with the last who is interested', async () => {
    const { registry, world, path, reference } = await bench();
    const gate: (() => void)[] = [];
    registry.misbehave(blobs, (request, response, served) => {
      if (request.url !== path) return false;
      gate.push(() => serveWell(request, response, served!));
      return true;
    });
    const pulls = [1, 2, 3].map(() => world.store.pull(reference));
    await expect.poll(() => gate.length).toBe(1);
    pulls[0]!.discard();
    gate[0]!();
    expect((await pulls[1]!).digest).toBe((await pulls[2]!).digest);
    expect(registry.count(path)).toBe(1);
  });

  it('end at once when nobody is interested any more, and leave nothing', async () => {
    const { registry, world, path, reference } = await bench();
    let closed = false;
    registry.misbehave(blobs, (request, response, served) => {
      if (request.url !== path) return false;
      response.writeHead(200, ok(served!)).write(half(served!));
      response.once('close', () => (closed = true));
      return true;
    });
    const pull = world.store.pull(reference);
    await expect.poll(() => registry.count(path)).toBe(1);
    pull.discard();
    await expect.poll(() => closed).toBe(true);
    await world.nothingStaged();
  });
});
