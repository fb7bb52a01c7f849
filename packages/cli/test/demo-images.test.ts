import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DemoImage } from '../src/demo/demo-images.js';
import { assembleDemoImages } from '../src/demo/demo-images.js';
import { DemoRegistry } from '../src/demo/demo-registry.js';
import { findHostProgram } from '../src/demo/host-program.js';
import { tarArchive } from '../src/demo/tar-archive.js';

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

describe('tarArchive', () => {
  it('writes what tar reads: kinds, modes, targets and long names', () => {
    const long = `${'deep/'.repeat(20)}${'n'.repeat(60)}`;
    const archive = tarArchive([
      { kind: 'directory', path: 'tmp', mode: 0o1777 },
      { kind: 'file', path: long, content: Buffer.from('content') },
      { kind: 'file', path: 'run', mode: 0o755, content: Buffer.alloc(513) },
      { kind: 'symlink', path: 'sh', target: '/bin/dash' },
    ]);
    const listing = execFileSync('tar', ['-tvf', '-', '--numeric-owner'], {
      input: archive,
      env: { TZ: 'UTC' },
    }).toString();
    expect(
      listing
        .trim()
        .split('\n')
        .map((line) => line.replace(/ +/g, ' ')),
    ).toEqual([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
      `-rw-r--r-- 0/0 7 1970-01-01 00:00 ${long}`,
      '-rwxr-xr-x 0/0 513 1970-01-01 00:00 run',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 sh -> /bin/dash',
    ]);
    expect(execFileSync('tar', ['-xOf', '-', long], { input: archive }).toString()).toBe('content');
  });

  it('refuses a name that no header can hold', () => {
    expect(() => tarArchive([{ kind: 'file', path: 'n'.repeat(101), content: Buffer.alloc(0) }])).toThrow(
      /too long/,
    );
  });
});

describe('findHostProgram', () => {
  it('finds a program with its dynamic loader and libraries, all of which exist', async () => {
    const shell = await findHostProgram('sh');
    expect(shell?.realPath).toMatch(/^\//);
    for (const library of shell!.libraries) execFileSync('test', ['-f', library]);
  });

  it('says nothing of a program that is not there', async () => {
    expect(await findHostProgram('no-such-program')).toBeUndefined();
  });
});

describe('the demo registry', () => {
  let registry: DemoRegistry;
  let images: readonly DemoImage[];
  const get = (path: string, init?: RequestInit) => fetch(`http://${registry.host}${path}`, init);

  /** A manifest, once its bytes are those that its header names. */
  const getJson = async (path: string): Promise<any> => {
    const answer = await get(path);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get('docker-content-digest')).toBe(sha256(bytes));
    return JSON.parse(bytes.toString());
  };

  beforeAll(async () => {
    const assembled = await assembleDemoImages();
    images = assembled.images;
    registry = await DemoRegistry.listen(assembled.content);
  });
  afterAll(() => registry.close());

  it('serves three images whose digests, sizes and diff ids are true, and which share layers', async () => {
    const layers: string[][] = [];
    for (const { repository, tag } of images) {
      let document = await getJson(`/v2/${repository}/manifests/${tag}`);
      const chosen = document.manifests?.find((entry: any) => entry.platform.architecture !== 's390x');
      if (chosen) document = await getJson(`/v2/${repository}/manifests/${chosen.digest}`);
      const blob = async (entry: any): Promise<Buffer> => {
        const bytes = Buffer.from(await (await get(`/v2/${repository}/blobs/${entry.digest}`)).arrayBuffer());
        expect([sha256(bytes), bytes.byteLength]).toEqual([entry.digest, entry.size]);
        return bytes;
      };
      const config = JSON.parse((await blob(document.config)).toString());
      const archives = [];
      for (const layer of document.layers) archives.push(sha256(gunzipSync(await blob(layer))));
      expect(archives).toEqual(config.rootfs.diff_ids);
      layers.push(archives);
    }
    const [hello, tally, library] = layers as [string[], string[], string[]];
    expect(hello[0]).toBe(tally[0]);
    expect(tally.slice(0, 2)).toEqual(library.slice(0, 2));
    expect(new Set(layers.flat()).size).toBe(5);
  });

  it('gives the same images every time', async () => {
    const { content } = await assembleDemoImages();
    const answer = await get('/v2/demo/library/manifests/1', { method: 'HEAD' });
    expect(content.resolve('demo/library', '1')).toBe(answer.headers.get('docker-content-digest'));
  });

  it('serves ranges, refuses what it does not hold, and keeps an access log', async () => {
    registry.accessLog.length = 0;
    const digest = (await get('/v2/demo/hello/manifests/1')).headers.get('docker-content-digest')!;
    const part = await get(`/v2/demo/hello/blobs/${digest}`, { headers: { range: 'bytes=1-4' } });
    expect([part.status, await part.text()]).toEqual([206, '"sch']);
    expect(part.headers.get('content-range')).toMatch(/^bytes 1-4\/\d+$/);
    expect(
      (await get(`/v2/demo/hello/blobs/${digest}`, { headers: { range: 'bytes=999999-' } })).status,
    ).toBe(416);
    expect((await get('/v2/demo/hello/manifests/2')).status).toBe(404);
    expect((await get('/v2/', { method: 'POST' })).status).toBe(405);
    expect(registry.accessLog.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'GET 200',
      'GET 206',
      'GET 416',
      'GET 404',
      'POST 405',
    ]);
  });
});
