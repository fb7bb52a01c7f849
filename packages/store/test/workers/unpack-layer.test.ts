import type { Digest } from '@keelson/image';
import { digestOf } from '@keelson/image';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { archive } from '../../../image/test/archive.js';
import { codeOf, isRoot, LayerBench, scratchFolder } from './layers.js';
import { paths, snapshot } from './tree.js';

const bench = new LayerBench(scratchFolder('unpack'));
const read = (root: string, name: string) => fs.readFileSync(join(root, name), 'utf8');

describe('a layer', () => {
  it('is unpacked with all that a tree has', async () => {
    const layer = await bench.unpack(
      archive(
        { name: './', mode: 0o755, mtime: 11 },
        { name: './bin/', mode: 0o2755, mtime: 22 },
        { name: './bin/su', content: 'su', mode: 0o4755, mtime: 33 },
        { name: './bin/sh', type: '2', linkName: '/bin/busybox', mtime: 44 },
        { name: './bin/climb', type: '2', linkName: '../../../../etc/shadow' },
        { name: './bin/hard', type: '1', linkName: './bin/su' },
        { name: './run/fifo', type: '6', mode: 0o622, mtime: 55 },
      ),
    );
    const mode = (name: string) => fs.lstatSync(join(layer.rootfs, name)).mode & 0o7777;
    const mtime = (name: string) => fs.lstatSync(join(layer.rootfs, name)).mtimeMs / 1000;
    expect(paths(layer.rootfs)).toEqual([
      'bin',
      'bin/climb',
      'bin/hard',
      'bin/sh',
      'bin/su',
      'run',
      'run/fifo',
    ]);
    expect([mode('.'), mode('bin'), mode('bin/su'), mode('run'), mode('run/fifo')]).toEqual([
      0o755, 0o2755, 0o4755, 0o755, 0o622,
    ]);
    expect(['.', 'bin', 'bin/su', 'bin/sh', 'run', 'run/fifo'].map(mtime)).toEqual([11, 22, 33, 44, 0, 55]);
    expect(fs.readlinkSync(join(layer.rootfs, 'bin/sh'))).toBe('/bin/busybox');
    expect(fs.readlinkSync(join(layer.rootfs, 'bin/climb'))).toBe('../../../../etc/shadow');
    expect(fs.statSync(join(layer.rootfs, 'bin/hard')).ino).toBe(
      fs.statSync(join(layer.rootfs, 'bin/su')).ino,
    );
    expect(layer).toMatchObject({ whiteouts: [], opaques: [], sizeBytes: 2, entries: 7, skippedCount: 0 });
  });

  it.skipIf(!isRoot)('keeps owners, devices and attributes when it may', async () => {
    const { rootfs, skipped } = await bench.unpack(
      archive(
        {
          name: 'ping',
          mode: 0o4755,
          uid: 12,
          gid: 34,
          pax: [['SCHILY.xattr.security.capability', capability]],
        },
        { name: 'null', type: '3', device: [1, 3], mode: 0o666 },
        { name: 'disk', type: '4', device: [8, 300], uid: 5 },
        { name: 'link', type: '2', linkName: 'x', uid: 7, gid: 8, pax: [['SCHILY.xattr.trusted.t', 'v']] },
        { name: 'dir/', uid: 9, mode: 0o700, pax: [['SCHILY.xattr.user.u', 'v']] },
      ),
    );
    const tree = snapshot(rootfs, { times: false });
    expect(tree['ping']).toMatch(/^file 4755 12:34 .*security\.capability=/);
    expect(tree['null']).toBe('character 666 0:0 device 259');
    expect(tree['disk']).toMatch(/^block 644 5:0 device 1050668$/);
    expect(tree['link']).toBe('symlink 777 7:8 -> x trusted.t=dg==');
    expect(tree['dir']).toBe('directory 700 9:0 user.u=dg==');
    expect(skipped).toEqual([]);
  });

  it('without privileges is what a user can have, and says what is missing', async () => {
    const bytes = archive(
      { name: 'dir/', mode: 0o500 },
      {
        name: 'dir/file',
        uid: 1,
        mode: 0o4755,
        pax: [
          ['SCHILY.xattr.trusted.t', 'v'],
          ['SCHILY.xattr.user.u', 'v'],
        ],
      },
      { name: 'null', type: '3', device: [1, 3] },
      { name: 'fifo', type: '6' },
    );
    const layer = await bench.unpack(bytes, [], { privileged: false });
    const tree = snapshot(layer.rootfs, { times: false });
    const me = `${process.getuid!()}:${process.getgid!()}`;
    expect(tree['dir']).toBe(`directory 500 ${me}`);
    expect(tree['dir/file']).toMatch(new RegExp(`^file 4755 ${me} .* user.u=dg==$`));
    expect(Object.keys(tree)).not.toContain('null');
    expect(layer.skipped.map(({ path }) => path)).toEqual(['dir/file', 'null']);
  });

  it.skipIf(!hasProgram('tar'))('is what GNU tar makes of the same archive', async () => {
    const source = bench.fresh('source');
    execFileSync('sh', ['-c', script], { cwd: source });
    const tar = execFileSync('tar', [
      '-C',
      source,
      '--xattrs',
      '--xattrs-include=*',
      '--format=pax',
      '-S',
      '-cf',
      '-',
      '.',
    ]);
    const layer = await bench.unpack(tar);
    expect(snapshot(layer.rootfs)).toEqual(snapshot(source));
    expect(fs.statSync(join(layer.rootfs, 'sparse')).blocks).toBeLessThan(5000);
    expect(layer.allocatedBytes).toBeLessThan(5_000_000);
  });

  it('whose names are no text keeps them', async () => {
    const layer = await bench.unpack(
      archive(
        { name: 'a\xff/' },
        { name: 'a\xff/\xfe', content: 'x' },
        { name: 'l', type: '2', linkName: 'a\xff' },
      ),
    );
    expect(paths(layer.rootfs)).toEqual(['a\xff', 'a\xff/\xfe', 'l']);
  });

  it('keeps times to the nanosecond, also before 1970', async () => {
    const { rootfs } = await bench.unpack(
      archive(
        { name: 'f', pax: [['mtime', '1700000000.123456789']] },
        { name: 'l', type: '2', linkName: 'f', pax: [['mtime', '-1.25']] },
        { name: 'd/', pax: [['mtime', '-7']] },
      ),
    );
    const times = ['f', 'l', 'd'].map((name) => fs.lstatSync(join(rootfs, name), { bigint: true }).mtimeNs);
    expect(times).toEqual([1_700_000_000_123_456_789n, -1_250_000_000n, -7_000_000_000n]);
  });

  it('may be empty', async () => {
    const { rootfs, entries } = await bench.unpack(archive());
    expect([paths(rootfs), entries]).toEqual([[], 0]);
    expect(fs.statSync(rootfs).mode & 0o7777).toBe(0o755);
  });
});

describe('a later entry of the same name', () => {
  it('replaces a file, a link or a directory, and a directory keeps its content under a directory', async () => {
    const { rootfs } = await bench.unpack(
      archive(
        { name: 'file', content: 'long content' },
        { name: 'file', content: 'new' },
        { name: 'gone/deep/file' },
        { name: 'gone', content: 'file now' },
        { name: 'link', type: '2', linkName: 'file' },
        { name: 'link', content: 'not through the link' },
        { name: 'kept/file', content: 'kept' },
        { name: 'kept/', mode: 0o711 },
        { name: 'was', content: 'file' },
        { name: 'was/', mode: 0o700 },
        { name: 'was/in', content: 'in' },
      ),
    );
    expect(['file', 'gone', 'link', 'kept/file', 'was/in'].map((name) => read(rootfs, name))).toEqual([
      'new',
      'file now',
      'not through the link',
      'kept',
      'in',
    ]);
    expect(fs.statSync(join(rootfs, 'kept')).mode & 0o777).toBe(0o711);
  });

  it('breaks a hard link instead of writing through it', async () => {
    const { rootfs } = await bench.unpack(
      archive(
        { name: 'a', content: 'a' },
        { name: 'b', type: '1', linkName: 'a' },
        { name: 'b', content: 'b' },
      ),
    );
    expect(read(rootfs, 'a')).toBe('a');
  });

  it('that is a hard link to itself leaves the file', async () => {
    const { rootfs } = await bench.unpack(
      archive({ name: 'a', content: 'a' }, { name: './a', type: '1', linkName: '/a' }),
    );
    expect(read(rootfs, 'a')).toBe('a');
  });
});

describe('a blob', () => {
  const tar = archive({ name: 'file', content: 'x'.repeat(100_000) });
  const unpackBlob = (blob: Buffer, compression: 'none' | 'gzip' | 'zstd' = 'none', blobDigest?: Digest) => {
    const blobPath = join(bench.fresh('blob'), 'blob');
    fs.writeFileSync(blobPath, blob);
    return bench.unpack(tar, [], { blobPath, compression, ...(blobDigest && { blobDigest }) });
  };

  it('is decompressed by what it is, whatever the manifest says', async () => {
    for (const stated of ['none', 'gzip', 'zstd'] as const) {
      for (const blob of [tar, gzipSync(tar)])
        expect(read((await unpackBlob(blob, stated)).rootfs, 'file')).toHaveLength(100_000);
    }
  });

  it('may be of several gzip members', async () => {
    const blob = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
    expect(read((await unpackBlob(blob, 'gzip')).rootfs, 'file')).toHaveLength(100_000);
  });

  it.skipIf(!hasProgram('zstd'))('may be of several zstd frames, with skippable ones between', async () => {
    const zstd = (bytes: Buffer) => execFileSync('zstd', ['-c', '-q'], { input: bytes });
    const skippable = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    const blob = Buffer.concat([
      skippable,
      zstd(tar.subarray(0, 700)),
      skippable,
      zstd(tar.subarray(700)),
      skippable,
    ]);
    expect(read((await unpackBlob(blob, 'zstd', digestOf(blob))).rootfs, 'file')).toHaveLength(100_000);
    const other = digestOf(Buffer.concat([blob, skippable]));
    expect(await codeOf(unpackBlob(blob, 'zstd', other))).toBe('DIGEST_MISMATCH');
  });

  it.skipIf(!hasProgram('zstd'))('is refused when a zstd frame is cut or damaged', async () => {
    const blob = execFileSync('zstd', ['-c', '-q', '--check'], { input: tar });
    expect(await codeOf(unpackBlob(blob.subarray(0, -20), 'zstd'))).toMatch(
      /LAYER_CORRUPT|TAR_TRUNCATED|DIFF_ID_MISMATCH/,
    );
    blob[10]! ^= 0xff;
    expect(await codeOf(unpackBlob(blob, 'zstd'))).not.toBe('accepted');
  });

  it('is refused when it is cut or damaged', async () => {
    const blob = gzipSync(tar);
    expect(await codeOf(unpackBlob(blob.subarray(0, -20), 'gzip'))).toBe('LAYER_CORRUPT');
    blob[20]! ^= 0xff;
    expect(await codeOf(unpackBlob(blob, 'gzip'))).toBe('LAYER_CORRUPT');
  });

  it('is refused when its content is not what the image says, also behind the end of the archive', async () => {
    expect(await codeOf(unpackBlob(Buffer.concat([tar, Buffer.from('more')])))).toBe('DIFF_ID_MISMATCH');
    expect(await codeOf(unpackBlob(archive({ name: 'other' })))).toBe('DIFF_ID_MISMATCH');
    expect(await codeOf(bench.unpack(tar, [], { expectedDiffId: digestOf(Buffer.from('')) }))).toBe(
      'DIFF_ID_MISMATCH',
    );
  });
});

describe('limits', () => {
  const small = archive({ name: 'dir/' }, { name: 'dir/file', content: 'x'.repeat(1000) });

  it.each([
    ['unpacked bytes', { maxUnpackedBytes: 1000 }],
    ['entries', { maxEntries: 1 }],
    ['bytes of a name', { maxNameBytes: 3 }],
    ['bytes of a path', { maxPathBytes: 7 }],
    ['depth', { maxDepth: 0 }],
    ['bytes of files', { maxLogicalBytes: 999 }],
  ])('of %s are kept', async (_, limits) => {
    expect(await codeOf(bench.unpack(small, [], { limits }))).toBe('LAYER_LIMIT');
  });

  it('of the ratio are kept above a floor', async () => {
    const tar = archive({ name: 'zeros', content: Buffer.alloc(1_000_000) });
    const blobPath = join(bench.fresh('blob'), 'blob');
    fs.writeFileSync(blobPath, gzipSync(tar));
    const unpack = (ratioFloorBytes: number) =>
      codeOf(bench.unpack(tar, [], { blobPath, limits: { maxRatio: 10, ratioFloorBytes } }));
    expect([await unpack(100_000), await unpack(2_000_000)]).toEqual(['LAYER_LIMIT', 'accepted']);
  });

  it('count the holes of sparse files', async () => {
    const huge = {
      name: 'x',
      pax: [
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.realsize', String(2 ** 50)],
      ] as const,
      content: `0\n${'\0'.repeat(510)}`,
    };
    expect(await codeOf(bench.unpack(archive(huge)))).toBe('LAYER_LIMIT');
  });

  it('allow a path as long as the kernel does when asked to', async () => {
    const name = Array(12).fill('d'.repeat(250)).join('/');
    const { rootfs } = await bench.unpack(
      archive({ name: 'x', pax: [['path', `${name}/file`]], content: 'deep' }),
    );
    expect(read(rootfs, `${name}/file`)).toBe('deep');
  });
});

function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0;
}

/** vfs_cap_data version 2: cap_net_raw, permitted and effective. */
const capability = '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0';

const script = `
mkdir -p a/b/c 'with space' "é"
echo one > a/one; echo two > a/b/two; ln a/one a/b/hard; ln -s ../../../x a/b/c/climb; ln -s /abs abs
mkfifo a/fifo; chmod 4711 a/one; chmod 1777 a/b; chmod 555 a/b/c
: > a/empty; head -c 300000 /dev/urandom > big
truncate -s 20M sparse; echo data | dd of=sparse bs=1 seek=5000000 conv=notrunc status=none
name=$(printf 'n%.0s' $(seq 1 200)); mkdir -p $name/$name; echo long > $name/$name/$name
touch -d @1000000000 a/one a/b big; touch -d @2000000000 a
`;
