import * as fc from 'fast-check';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import copyLayers from '../../dist/workers/copy-layers.js';
import type { Member } from '../../../image/test/archive.js';
import { archive } from '../../../image/test/archive.js';
import { isRoot, LayerBench, scratchFolder } from '../../../store/test/workers/layers.js';
import type { TestLayer } from '../../../store/test/workers/layers.js';
import { paths, snapshot } from '../../../store/test/workers/tree.js';

const bench = new LayerBench(scratchFolder('copy'));

function copied(layers: readonly TestLayer[]): string {
  const target = join(bench.fresh('copy'), 'rootfs');
  copyLayers({ layers, target });
  return target;
}

describe('copied layers', () => {
  it('show what the topmost layer has, and nothing that is hidden', async () => {
    const layers = await bench.stack(
      [
        { name: 'a', content: 'old' },
        { name: 'd/x' },
        { name: 'd/y' },
        { name: 'gone/deep' },
        { name: 'was/dir' },
        { name: 'file' },
      ],
      [
        { name: 'a', content: 'new' },
        { name: 'd/.wh.x' },
        { name: 'd/z' },
        { name: '.wh.gone' },
        { name: 'was' },
      ],
      [{ name: '.wh.file' }, { name: 'file/', mode: 0o700 }, { name: 'file/in' }],
    );
    const rootfs = copied(layers);
    expect(paths(rootfs)).toEqual(['a', 'd', 'd/y', 'd/z', 'file', 'file/in', 'was']);
    expect(fs.readFileSync(join(rootfs, 'a'), 'utf8')).toBe('new');
  });

  it('of one layer are that layer, with its links, modes and times', async () => {
    const [layer] = await bench.stack([
      { name: './', mode: 0o711, mtime: 3 },
      { name: 'bin/', mode: 0o555, mtime: 4 },
      { name: 'bin/su', content: 'su', mode: 0o4755, mtime: 5 },
      { name: 'bin/hard', type: '1', linkName: 'bin/su' },
      { name: 'bin/soft', type: '2', linkName: '/../etc', mtime: 6 },
      { name: 'pipe', type: '6', mode: 0o602 },
      { name: 'a\xff', content: 'bytes' },
      ...(isRoot ? [{ name: 'null', type: '3', device: [1, 3] as const, uid: 9 }] : []),
      {
        name: 'attr',
        pax: [
          ['SCHILY.xattr.user.a', 'v'],
          ['mtime', '-5.5'],
        ],
      },
      { name: 'fraction/', pax: [['mtime', '1700000000.123456789']] },
    ]);
    expect(snapshot(copied([layer!]))).toEqual(snapshot(layer!.rootfs));
  });

  it('count files once, whatever names they have', async () => {
    const layers = await bench.stack(
      [
        { name: 'a', content: '12345' },
        { name: 'b', type: '1', linkName: 'a' },
      ],
      [{ name: 'c', content: '67' }],
    );
    const target = join(bench.fresh('copy'), 'rootfs');
    expect(copyLayers({ layers, target })).toEqual({ entries: 3, bytes: 7, skipped: [], skippedCount: 0 });
  });

  it('need a free path and are refused over anything else', async () => {
    const layers = await bench.stack([{ name: 'a' }]);
    const target = bench.fresh('copy');
    expect(() => copyLayers({ layers, target })).toThrow(expect.objectContaining({ code: 'EEXIST' }));
    fs.symlinkSync('/tmp', join(target, 'link'));
    expect(() => copyLayers({ layers, target: join(target, 'link') })).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
  });
});

/** `KEELSON_RUNS=20` multiplies the runs, for a long search. */
const runs = (count: number) => count * Number(process.env['KEELSON_RUNS'] ?? 1);

const folders = ['', 'a', 'b', 'a/b', 'l', 'l/c'];
const names = ['a', 'b', 'c', 'l'];
const member: fc.Arbitrary<Member> = fc
  .record({
    folder: fc.constantFrom(...folders),
    name: fc.constantFrom(...names),
    kind: fc.constantFrom(
      'file',
      'file',
      'directory',
      'directory',
      'symlink',
      'hardlink',
      'whiteout',
      'opaque',
    ),
    other: fc.constantFrom('a', 'b', 'a/b', '../a', '/b', 'c'),
    mode: fc.constantFrom(0o644, 0o755, 0o4711, 0o700),
    id: fc.constantFrom(0, 0, 42),
    mtime: fc.integer({ min: 1, max: 999_999 }),
  })
  .map(({ folder, name, kind, other, mode, id, mtime }): Member => {
    const at = (last: string) => (folder === '' ? last : `${folder}/${last}`);
    const owner = isRoot ? { uid: id, gid: id } : {};
    switch (kind) {
      case 'file':
        return { name: at(name), content: `${name}${mtime}`, mode, mtime, ...owner };
      case 'directory':
        return { name: `${at(name)}/`, mode, mtime, ...owner };
      case 'symlink':
        return { name: at(name), type: '2', linkName: other, mtime, ...owner };
      case 'hardlink':
        return { name: at(name), type: '1', linkName: other.replace(/^(\.\.)?\//, '') };
      case 'whiteout':
        return { name: at(`.wh.${name}`) };
      default:
        return { name: at('.wh..wh..opq') };
    }
  });
const layer = fc.array(member, { minLength: 1, maxLength: 10 });

const lawfulRefusals = new Set(['PATH_BLOCKED', 'LINK_LOOP', 'LINK_TARGET_MISSING', 'INVALID_ENTRY']);

/** Unpacks what can be unpacked: members that are refused (a path below a file, a link to nothing) are left out. */
async function stackOf(
  layers: readonly (readonly Member[])[],
): Promise<{ stack: TestLayer[]; kept: Member[][] }> {
  const stack: TestLayer[] = [];
  const kept: Member[][] = [];
  for (const members of layers) {
    const lawful: Member[] = [];
    let unpacked = await bench.unpack(archive(), stack);
    for (const next of members) {
      try {
        unpacked = await bench.unpack(archive(...lawful, next), stack);
        lawful.push(next);
      } catch (error) {
        if (!lawfulRefusals.has((error as { code?: string }).code ?? '')) throw error;
      }
    }
    stack.push(unpacked);
    kept.push(lawful);
  }
  return { stack, kept };
}

const mounted: string[] = [];
afterAll(() => mounted.forEach((path) => spawnSync('umount', ['-l', path])));

/** The same layers through overlayfs, or `undefined` where it cannot be mounted. */
function overlaid(layers: readonly TestLayer[]): string | undefined {
  const folder = bench.fresh('overlay');
  const lower = layers
    .map(({ rootfs }) => rootfs)
    .toReversed()
    .join(':');
  const empty = join(folder, 'empty');
  const target = join(folder, 'merged');
  fs.mkdirSync(empty);
  fs.mkdirSync(target);
  // Two lower directories are the least that overlayfs takes without an upper one.
  const { status } = spawnSync('mount', [
    '-t',
    'overlay',
    'overlay',
    '-o',
    `lowerdir=${lower}:${empty}`,
    target,
  ]);
  if (status === 0) mounted.push(target);
  return status === 0 ? target : undefined;
}

function canOverlay(): boolean {
  if (!isRoot) return false;
  const folder = bench.fresh('probe');
  for (const name of ['a', 'b', 'm']) fs.mkdirSync(join(folder, name));
  const options = `lowerdir=${folder}/a:${folder}/b`;
  const isMounted =
    spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', options, join(folder, 'm')]).status === 0;
  if (isMounted) spawnSync('umount', [join(folder, 'm')]);
  return isMounted;
}

describe.skipIf(!canOverlay())('the same layers through overlayfs', () => {
  it('are the same tree as their copy', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async (layers) => {
        const { stack } = await stackOf(layers);
        const merged = overlaid(stack)!;
        try {
          expect(snapshot(merged)).toEqual(snapshot(copied(stack)));
        } finally {
          execFileSync('umount', [mounted.pop()!]);
        }
      }),
      { numRuns: runs(25) },
    );
  }, 600_000);
});

/**
 * In a layer that hides something every folder is listed first: umoci makes none for a whiteout alone, as we and
 * containerd do, and keeps owner and mode of a hidden one that is not listed again (`hidden-folder` of
 * `test/differential`).
 */
function withFolders(members: readonly Member[]): Member[] {
  if (!members.some(({ name }) => name.includes('.wh.'))) return [...members];
  return members.flatMap((member) => {
    const names = member.name.replace(/\/$/, '').split('/').slice(0, -1);
    const folders = names.map((_, at) => `${names.slice(0, at + 1).join('/')}/`);
    return [...folders.map((name) => ({ name, mode: 0o711 })), member];
  });
}

const hasUmoci = spawnSync('umoci', ['--version']).status === 0;

describe.skipIf(!hasUmoci || !isRoot)('the same image unpacked by umoci', () => {
  it('is the same tree as the copy of its layers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 3 }), async (layers) => {
        const { stack, kept } = await stackOf(layers.map(withFolders));
        const oci = bench.fresh('oci');
        writeLayout(
          oci,
          kept.map((members) => archive(...members)),
        );
        const bundle = join(bench.fresh('bundle'), 'b');
        const run = spawnSync('umoci', ['raw', 'unpack', '--image', `${oci}:test`, bundle], {
          encoding: 'utf8',
        });
        // It cannot link a file to itself, for instance: then there is nothing to compare.
        fc.pre(run.status === 0);
        const [theirs, ours] = [
          snapshot(bundle, { times: false }),
          snapshot(copied(stack), { times: false }),
        ];
        expect(ours).toEqual(theirs);
      }),
      { numRuns: runs(15) },
    );
  }, 600_000);
});

/** An OCI image layout of one image, `test`, with these layers. */
function writeLayout(folder: string, layers: readonly Buffer[]): void {
  fs.mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Buffer, mediaType: string) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    fs.writeFileSync(join(folder, 'blobs/sha256', hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const oci = 'application/vnd.oci.image';
  const descriptors = layers.map((bytes) => put(bytes, `${oci}.layer.v1.tar`));
  const rootfs = { type: 'layers', diff_ids: descriptors.map(({ digest }) => digest) };
  const config = put(
    json({ architecture: 'amd64', os: 'linux', config: {}, rootfs }),
    `${oci}.config.v1+json`,
  );
  const manifest = put(json({ schemaVersion: 2, config, layers: descriptors }), `${oci}.manifest.v1+json`);
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'test' } };
  fs.writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  fs.writeFileSync(join(folder, 'index.json'), json({ schemaVersion: 2, manifests: [named] }));
}
