import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Member } from '../../image/test/archive.js';
import { archive } from '../../image/test/archive.js';
import { configOf, layerOf, layoutOf, legacyShape, newShape, oldShape } from './support/archives.js';
import { StoreOnDisk } from './support/store-on-disk.js';

const base = layerOf('base', 'the base\n'.repeat(300));
const app = layerOf('app');
const image = { tags: ['team/app:1'], layers: [base, app] };

function put(world: StoreOnDisk, members: readonly Member[], name = 'saved.tar', pack = (bytes: Buffer) => bytes): string {
  const path = join(world.folder, name);
  writeFileSync(path, pack(archive(...members)));
  return path;
}

function zstd(bytes: Buffer): Buffer {
  return spawnSync('zstd', ['-q', '-c'], { input: bytes, maxBuffer: 1 << 26 }).stdout;
}

/** Without a word of what is in it: several members, as pigz and bgzip write them. */
function inMembers(bytes: Buffer): Buffer {
  const half = bytes.length >> 1;
  return Buffer.concat([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))]);
}

describe('an archive of docker save', () => {
  it.each([
    ['of the old shape', oldShape([image])],
    ['of the new shape', newShape([image])],
    ['with ./ before every name', oldShape([image]).map((each) => ({ ...each, name: `./${each.name}` }))],
  ])('%s is loaded like a pull, and nothing is left in staging', async (_, members) => {
    const world = await StoreOnDisk.open();

    const [loaded, ...others] = await world.store.load(put(world, members));

    expect(others).toEqual([]);
    expect(loaded).toMatchObject({ reference: 'docker.io/team/app:1', layers: [{ reused: false }, { reused: false }] });
    const { layers, config } = await world.store.get('team/app:1');
    expect(config.cmd).toEqual(['sh']);
    expect(readFileSync(join(layers[1]!.rootfs, 'app'), 'utf8')).toBe('app');
    await world.nothingStaged();
  });

  it.each([
    ['gzip', gzipSync],
    ['gzip in several members', inMembers],
    ['zstd', zstd],
  ])('packed with %s gives the same image, and its plain copy goes', async (name, pack) => {
    if (name === 'zstd' && !existsSync('/usr/bin/zstd')) return;
    const world = await StoreOnDisk.open();
    const plain = await world.store.load(put(world, oldShape([image])));
    const packed = await world.store.load(put(world, oldShape([image]), 'saved.packed', pack));
    expect(packed[0]!.digest).toBe(plain[0]!.digest);
    expect(packed[0]!.layers.every((layer) => layer.reused)).toBe(true);
    await world.nothingStaged();
  });

  it('gives all its images, each under all its names, and one of them if it is named', async () => {
    const world = await StoreOnDisk.open();
    const path = put(world, oldShape([image, { tags: ['plain:2', 'plain:3'], layers: [base] }, { tags: null, layers: [app] }]));

    const all = await world.store.load(path);
    expect(all.map(({ reference }) => reference)).toEqual([
      'docker.io/team/app:1',
      'docker.io/library/plain:2',
      'docker.io/library/plain:3',
      'localhost/saved:latest',
    ]);
    for (const selection of ['plain:2', 'library/plain:2', 'docker.io/library/plain:2', '@1']) {
      const one = await world.store.pull(`docker-archive:${path}:${selection}`);
      expect(one.digest).toBe(all[1]!.digest);
    }
    expect(await world.codeOf(world.store.pull(`docker-archive:${path}`))).toBe('SELECTION_NEEDED');
    expect(await world.codeOf(world.store.pull(`docker-archive:${path}:nope`))).toBe('IMAGE_NOT_FOUND');
  });

  it('may hold packed layers, which are named by their own digest', async () => {
    const world = await StoreOnDisk.open();
    const members: Member[] = [
      { name: 'c.json', content: configOf([base]) },
      { name: 'l.tar.gz', content: gzipSync(base) },
      { name: 'manifest.json', content: '[{"Config":"c.json","RepoTags":["a:1"],"Layers":["l.tar.gz"]}]' },
    ];
    const [loaded] = await world.store.load(put(world, members));
    const [plain] = await world.store.load(put(world, oldShape([{ tags: ['b:1'], layers: [base] }]), 'plain.tar'));
    expect(loaded!.layers[0]!.id).toBe(plain!.layers[0]!.id);
    expect(loaded!.digest).not.toBe(plain!.digest);
  });

  it('from before Docker 1.10 has its configuration made', async () => {
    const world = await StoreOnDisk.open();
    const [loaded] = await world.store.load(put(world, legacyShape('team/old:1', [base, app])));
    expect(loaded!.reference).toBe('docker.io/team/old:1');
    const [same] = await world.store.load(put(world, oldShape([image]), 'new.tar'));
    expect(loaded!.layers.map(({ id }) => id)).toEqual(same!.layers.map(({ id }) => id));
  });

  it('never moves a name that means something else, unless it is told to', async () => {
    const world = await StoreOnDisk.open();
    await world.store.load(put(world, oldShape([image])));
    const other = put(world, oldShape([{ ...image, layers: [app] }]), 'other.tar');
    expect(await world.codeOf(world.store.load(other))).toBe('NAME_TAKEN');
    expect(await world.store.load(other, { cached: false })).toHaveLength(1);
  });

  it('is loaded again from where it came when its layers are gone', async () => {
    const world = await StoreOnDisk.open();
    const [loaded] = await world.store.load(put(world, oldShape([image])));
    const { layers } = await world.store.get('team/app:1');
    rmSync(join(layers[1]!.rootfs, '..'), { recursive: true });
    expect((await world.store.pull('team/app:1')).digest).toBe(loaded!.digest);
    expect(existsSync(layers[1]!.rootfs)).toBe(true);
  });

  it('is unpacked once, however many want it at a time', async () => {
    const world = await StoreOnDisk.open();
    const path = put(world, oldShape([image, { tags: ['plain:2'], layers: [base] }]), 'x.gz', gzipSync);
    await world.store.load(path);
    expect(world.executor.names.filter((name) => name === 'store.index-archive')).toHaveLength(1);
  });
});

describe('an OCI archive', () => {
  const members = layoutOf([{ name: 'registry.test/app:1', layers: [base, app] }, { name: 'two', layers: [base] }], true);

  it.each([
    ['plain', (bytes: Buffer) => bytes],
    ['gzip', gzipSync],
  ])('gives its images (%s)', async (_, pack) => {
    const world = await StoreOnDisk.open();
    const path = put(world, members, 'my.tar', pack);
    const all = await world.store.load(path);
    expect(all.map(({ reference }) => reference)).toEqual(['registry.test/app:1', 'localhost/my:two']);
    expect((await world.store.pull(`oci-archive:${path}:two`)).digest).toBe(all[1]!.digest);
    expect(await world.codeOf(world.store.pull(`docker-archive:${path}`))).toBe('ARCHIVE_INVALID');
    await world.nothingStaged();
  });

  it('has its blobs checked by their own digest, whatever they unpack to', async () => {
    const world = await StoreOnDisk.open();
    // The same layer, packed at another level: only the digest of the blob tells.
    const packed = gzipSync(base);
    const repacked = gzipSync(base, { level: 0 });
    const changed = members.map((each) =>
      Buffer.from(each.content ?? '').equals(packed) ? { ...each, content: repacked.subarray(0, packed.length) } : each,
    );
    expect(await world.codeOf(world.store.load(put(world, changed)))).toMatch(/LAYER_CORRUPT|DIGEST_MISMATCH/);
    const flipped = members.map((each) => {
      const content = Buffer.from(each.content ?? '');
      // The operating system in the header of a gzip member: no decompressor minds.
      if (content.equals(packed)) content[9] = 0x41;
      return { ...each, content };
    });
    expect(await world.codeOf(world.store.load(put(world, flipped)))).toBe('DIGEST_MISMATCH');
    expect(await world.store.layers()).toEqual([]);
    await world.nothingStaged();
  });
});

describe('a layout folder', () => {
  it('is loaded with all its images, and its blobs are checked by their own digest', async () => {
    const world = await StoreOnDisk.open();
    const folder = join(world.folder, 'layout');
    const members = layoutOf([{ name: 'one', layers: [base] }, { name: 'two', layers: [app] }], true);
    for (const { name, content = '' } of members) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    expect(await world.store.load(folder)).toHaveLength(2);

    const other = await StoreOnDisk.open();
    const blob = members.find(({ content }) => Buffer.from(content ?? '').equals(gzipSync(base)))!;
    const bytes = Buffer.from(blob.content as Buffer);
    bytes[9] = 0x41;
    writeFileSync(join(folder, blob.name), bytes);
    expect(await other.codeOf(other.store.pull(`oci:${folder}:one`))).toBe('DIGEST_MISMATCH');
  });
});

describe('a hostile archive', () => {
  const manifest = (config: string, ...layers: string[]): Member => ({
    name: 'manifest.json',
    content: JSON.stringify([{ Config: config, RepoTags: ['evil:1'], Layers: layers }]),
  });
  const good = oldShape([image]);
  const at = (name: string): Member => good.find((each) => each.name === name)!;
  const config: Member = { name: 'c.json', content: configOf([base]) };
  const layer: Member = { name: 'l', content: base };

  it.each<[string, Member[], string]>([
    ['names a file of the machine', [manifest('/etc/passwd', 'l'), layer], 'ARCHIVE_INVALID'],
    ['climbs', [manifest('../../../etc/passwd', 'l'), layer], 'ARCHIVE_INVALID'],
    ['links to a file of the machine', [config, { name: 'l', type: '2', linkName: '/etc/passwd' }, manifest('c.json', 'l')], 'ARCHIVE_INVALID'],
    ['links in a circle', [config, { name: 'l', type: '2', linkName: 'l' }, manifest('c.json', 'l')], 'ARCHIVE_INVALID'],
    ['lacks a layer', [config, manifest('c.json', 'l')], 'ARCHIVE_INVALID'],
    ['has two manifests', [...good, at('manifest.json')], 'ARCHIVE_INVALID'],
    ['has a device for a layer', [config, { name: 'l', type: '3' }, manifest('c.json', 'l')], 'ARCHIVE_INVALID'],
    ['has another layer than its configuration says', [config, { ...layer, content: app }, manifest('c.json', 'l')], 'DIFF_ID_MISMATCH'],
    ['has more layers than its configuration', [config, layer, manifest('c.json', 'l', 'l')], 'INVALID_MANIFEST'],
    ['has no layers', [{ name: 'c.json', content: configOf([]) }, manifest('c.json')], 'NO_LAYERS'],
    ['is no list', [{ name: 'manifest.json', content: '{}' }], 'INVALID_MANIFEST'],
    ['is no JSON', [{ name: 'manifest.json', content: '[' }], 'INVALID_MANIFEST'],
    ['lists nothing', [{ name: 'manifest.json', content: '[]' }], 'IMAGE_NOT_FOUND'],
    ['has a configuration of a gigabyte', [{ ...config, content: Buffer.alloc(5 << 20) }, layer, manifest('c.json', 'l')], 'LIMIT_EXCEEDED'],
    ['has none of the files', [{ name: 'readme', content: 'hello' }], 'ARCHIVE_INVALID'],
    ['has an unreadable name', [config, layer, { name: 'manifest.json', content: '[{"Config":"c.json","RepoTags":["UP:?"],"Layers":["l"]}]' }], ''],
  ])('that %s is refused, and leaves nothing', async (_, members, code) => {
    const world = await StoreOnDisk.open();
    const loading = world.store.load(put(world, members));
    if (code === '') {
      // Not a name of ours: the image is kept under one that is.
      expect((await loading)[0]!.reference).toBe('localhost/saved:latest');
      return;
    }
    expect(await world.codeOf(loading)).toBe(code);
    expect(await world.store.layers()).toEqual([]);
    await world.nothingStaged();
  });

  it('that is cut is refused', async () => {
    const world = await StoreOnDisk.open();
    for (const pack of [(bytes: Buffer) => bytes.subarray(0, 700), (bytes: Buffer) => gzipSync(bytes).subarray(0, 300)]) {
      expect(await world.codeOf(world.store.load(put(world, good, 'cut', pack)))).toBe('ARCHIVE_INVALID');
    }
    await world.nothingStaged();
  });

  it('that unpacks to too much is refused while it does, and leaves nothing', async () => {
    const world = await StoreOnDisk.open({ archive: { limits: { ratioFloorBytes: 1 << 20, maxRatio: 10 } } });
    const path = put(world, [{ name: 'zeros', content: Buffer.alloc(8 << 20) }], 'bomb', gzipSync);
    expect(await world.codeOf(world.store.load(path))).toBe('LIMIT_EXCEEDED');
    await world.nothingStaged();
  });

  it('that has too many members, or too long names, is refused', async () => {
    const world = await StoreOnDisk.open({ archive: { limits: { maxMembers: 4, maxNameBytes: 90 } } });
    expect(await world.codeOf(world.store.load(put(world, good)))).toBe('LIMIT_EXCEEDED');
    const long = put(world, [{ name: 'x'.repeat(95) }], 'long.tar');
    expect(await world.codeOf(world.store.load(long))).toBe('LIMIT_EXCEEDED');
  });

  it('that is no regular file is refused without waiting for it', async () => {
    const world = await StoreOnDisk.open();
    const pipe = join(world.folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    symlinkSync('/dev/zero', join(world.folder, 'device'));
    for (const name of ['pipe', 'device']) {
      expect(await world.codeOf(world.store.load(join(world.folder, name)))).toBe('ARCHIVE_INVALID');
    }
    expect(await world.codeOf(world.store.load(join(world.folder, 'nothing')))).toBe('IMAGE_NOT_FOUND');
  });
});
