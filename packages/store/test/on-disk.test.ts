import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { mediaTypes } from '@keelson/image';
import { HttpClient, LocalFiles, LocalHost, PoolExecutor } from '@keelson/os';
import type { PID } from '@keelson/process';
import { Runtime } from '@keelson/process';
import type { PullProgress } from '@keelson/store';
import {
  DockerStore,
  LayoutPuller,
  MetadataManager,
  PullerRouter,
  readInventory,
  RegistryPuller,
  storeJobs,
  StorePaths,
  Sweeper,
} from '@keelson/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptied } from '../../../test/support/watched-files.js';
import { tarOf } from './support/tar.js';

/** Layers as a registry holds them: tar archives, gzipped. */
interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

const blobOf = (bytes: Buffer): Blob => ({
  digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
  bytes,
});

/** A registry on loopback that serves over real HTTP and logs the paths it was asked for. */
class Registry {
  readonly log: string[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly manifests = new Map<string, Buffer>();
  readonly #server: Server = createServer((request, response) => {
    const path = request.url ?? '';
    this.log.push(path);
    const [, kind, name] = /\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    const body = kind === 'manifests' ? this.manifests.get(name!) : this.blobs.get(name!);
    if (!body) return void response.writeHead(404).end();
    const type = kind === 'manifests' ? mediaTypes.ociManifest : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': body.length }).end(body);
  });

  open(): Promise<void> {
    return new Promise((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  get name(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}/team/app`;
  }

  publish(tag: string, layers: readonly Buffer[]): Blob[] {
    const blobs = layers.map((layer) => blobOf(gzipSync(layer)));
    const diffIds = layers.map((layer) => blobOf(layer).digest);
    const config = blobOf(
      Buffer.from(
        JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } }),
      ),
    );
    for (const { digest, bytes } of [...blobs, config]) this.blobs.set(digest, bytes);
    const descriptor = ({ digest, bytes }: Blob, mediaType: string): object => ({
      mediaType,
      digest,
      size: bytes.length,
    });
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: descriptor(config, mediaTypes.ociConfig),
      layers: blobs.map((blob) => descriptor(blob, `${mediaTypes.ociLayer}+gzip`)),
    };
    this.manifests.set(tag, Buffer.from(JSON.stringify(manifest)));
    return blobs;
  }
}

/** A store on a real directory with a real pool and real HTTP. */
class Machine {
  readonly paths: StorePaths;
  readonly runtime = new Runtime();
  readonly executor = new PoolExecutor({ jobs: storeJobs });
  readonly files = new LocalFiles();
  readonly http = new HttpClient();
  readonly store: PID<DockerStore>;

  constructor(root: string) {
    const { runtime, executor, files, http } = this;
    const { random, clock } = runtime;
    const paths = (this.paths = new StorePaths(root));
    const metadata = runtime.spawn(new MetadataManager({ paths, files, random }));
    const docker = runtime.spawn(new RegistryPuller({ http, files, random }));
    const puller = runtime.spawn(
      new PullerRouter({ docker, oci: runtime.spawn(new LayoutPuller({ files })) }),
    );
    const sweeper = runtime.spawn(new Sweeper({ paths, files, executor }));
    const host = new LocalHost();
    const platform = { os: 'linux', architecture: 'amd64' };
    this.store = runtime.spawn(
      new DockerStore({ paths, files, executor, host, random, clock, metadata, puller, sweeper, platform }),
    );
  }

  async close(): Promise<void> {
    await this.executor.close();
    this.http.close();
    await this.runtime.finalize();
  }
}

const base = tarOf([
  ['etc/', ''],
  ['etc/name', 'base'],
  ['bin/', ''],
  ['bin/tool', '#!/bin/sh\n'],
]);
const top = tarOf([
  ['etc/name', 'top'],
  ['bin/.wh.tool', ''],
]);

describe('a store on the real machine', () => {
  const registry = new Registry();
  let root: string;
  let machine: Machine;

  beforeAll(() => registry.open());
  afterAll(() => registry.close());
  beforeEach(async () => {
    root = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-store-'));
    machine = new Machine(root);
    await machine.store.recover();
    registry.log.length = 0;
  });
  afterEach(async () => {
    await machine.close();
    rmSync(root, { recursive: true, force: true });
  });

  it('pulls over HTTP, unpacks in the pool, and answers layers with their whiteouts', async () => {
    registry.publish('1', [base, top]);
    const told: PullProgress[] = [];

    const image = await machine.store.get(`${registry.name}:1`, {
      onProgress: (progress) => told.push(progress),
    });

    expect(readFileSync(join(image.layers[0]!.rootfs, 'bin/tool'), 'utf8')).toBe('#!/bin/sh\n');
    expect(readFileSync(join(image.layers[1]!.rootfs, 'etc/name'), 'utf8')).toBe('top');
    expect(image.layers[1]!.whiteouts).toEqual(['bin/tool']);
    await emptied(machine.paths.staging);
    expect(told.at(-1)).toMatchObject({ kind: 'layer', state: 'done' });
  });

  it('fetches only what is missing, prunes by rename, sweeps, and fetches that again', async () => {
    const blobs = registry.publish('1', [base, top]);
    registry.publish('2', [base]);
    await machine.store.pull(`${registry.name}:1`);
    registry.log.length = 0;
    await machine.store.pull(`${registry.name}:2`);
    expect(registry.log.filter((path) => path.includes(blobs[0]!.digest))).toEqual([]);

    const report = await machine.store.prune([`${registry.name}:2`], []);
    const swept = await machine.store.swept();

    expect(report.removed.layers).toHaveLength(1);
    expect(swept.removedEntries).toBe(1);
    expect(swept.unlinkedBytes).toBeGreaterThan(0);
    expect(readdirSync(machine.paths.gc)).toEqual([]);
    registry.log.length = 0;
    const again = await machine.store.pull(`${registry.name}:1`);
    expect(again.layers.map((layer) => layer.reused)).toEqual([true, false]);
    expect(again.bytesDownloaded).toBe(blobs[1]!.bytes.length);
    expect(registry.log.filter((path) => path.includes(blobs[1]!.digest))).toHaveLength(1);
  });

  it('leaves nothing behind when a blob is not what its digest says', async () => {
    const [blob] = registry.publish('bad', [tarOf([['a', 'never seen before']])]);
    registry.blobs.set(
      blob!.digest,
      Buffer.from(blob!.bytes.map((byte, at) => (at === 12 ? byte ^ 1 : byte))),
    );
    await expect(machine.store.pull(`${registry.name}:bad`)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    await machine.store.swept();
    expect(readdirSync(machine.paths.layers)).toEqual([]);
    await emptied(machine.paths.staging);
  });

  it('knows everything again after a restart, and lets others read it without its lock', async () => {
    registry.publish('1', [base, top]);
    await machine.store.pull(`${registry.name}:1`);
    const inventory = await readInventory(machine.paths, machine.files);
    expect(inventory).toMatchObject({ images: [{ reference: `${registry.name}:1` }], problems: [] });

    const next = new Machine(root);
    await next.store.recover();
    registry.log.length = 0;
    expect((await next.store.get(`${registry.name}:1`)).layers).toHaveLength(2);
    expect(registry.log).toEqual([]);
    await next.close();
  });

  it('loads an image from an OCI layout folder', async () => {
    registry.publish('1', [base]);
    const folder = join(root, 'My Layout');
    mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
    const manifest = registry.manifests.get('1')!;
    for (const bytes of [manifest, ...registry.blobs.values()]) {
      writeFileSync(join(folder, 'blobs/sha256', blobOf(bytes).digest.slice(7)), bytes);
    }
    const entry = {
      mediaType: mediaTypes.ociManifest,
      digest: blobOf(manifest).digest,
      size: manifest.length,
    };
    writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
    writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');

    const result = await machine.store.pull(`oci:${folder}`);

    expect(result).toMatchObject({ reference: 'localhost/my-layout:latest', bytesDownloaded: 0 });
    expect((await machine.store.get(result.reference)).layers).toHaveLength(1);
  });
});
