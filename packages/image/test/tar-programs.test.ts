import * as fc from 'fast-check';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readArchive } from './read-archive.js';

/*
 * What GNU tar packs must come out as it went in, in every format it writes. The truth is the tree itself.
 */
const hasGnuTar = spawnSync('tar', ['--version']).stdout?.toString().includes('GNU tar') ?? false;
const scratch = fs.existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
let base = '';
beforeAll(() => void (base = fs.mkdtempSync(join(scratch, 'keelson-tar-'))));
afterAll(() => fs.rmSync(base, { recursive: true, force: true }));

interface Node {
  readonly kind: 'file' | 'directory' | 'symlink' | 'hardlink' | 'fifo';
  readonly name: string;
  readonly content: string;
  readonly mode: number;
  readonly seconds: number;
}

const node: fc.Arbitrary<Node> = fc.record({
  kind: fc.constantFrom('file', 'file', 'directory', 'symlink', 'hardlink', 'fifo'),
  name: fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9 ._-]{1,10}$/).filter((name) => name !== '.' && name !== '..'),
    fc.string({ unit: fc.constantFrom('n', 'é', '😀'), minLength: 20, maxLength: 60 }),
  ),
  content: fc.oneof(
    fc.string({ maxLength: 50 }),
    fc.integer({ min: 500, max: 70_000 }).map((length) => 'x'.repeat(length)),
  ),
  mode: fc.constantFrom(0o644, 0o600, 0o755, 0o4755, 0o2711, 0o1777, 0o444),
  seconds: fc.integer({ min: 0, max: 2 ** 33 - 1 }),
});

/** Makes the nodes below `root`, each in the directory made last, and answers its path by inode-free description. */
function plant(root: string, nodes: readonly Node[]): void {
  let folder = root;
  let file: string | undefined;
  for (const { kind, name, content, mode, seconds } of nodes) {
    const path = join(folder, name);
    if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue;
    if (kind === 'directory') fs.mkdirSync((folder = path));
    else if (kind === 'symlink') fs.symlinkSync(`../${content.replaceAll(/[\0]/g, '').slice(0, 200)}x`, path);
    else if (kind === 'fifo') execFileSync('mkfifo', [path]);
    else if (kind === 'hardlink' && file !== undefined) fs.linkSync(file, path);
    else fs.writeFileSync((file = path), content);
    if (kind === 'symlink') fs.lutimesSync(path, seconds, seconds);
    else {
      fs.chmodSync(path, mode | (kind === 'directory' ? 0o700 : 0));
      fs.utimesSync(path, seconds, seconds);
    }
  }
}

interface Described {
  readonly type: string;
  readonly mode: number;
  readonly seconds: number;
  readonly content: string;
}

function describeTree(root: string, below = ''): Map<string, Described> {
  const found = new Map<string, Described>();
  for (const name of fs.readdirSync(join(root, below))) {
    const path = join(root, below, name);
    const status = fs.lstatSync(path);
    const type = status.isDirectory()
      ? 'directory'
      : status.isFile()
        ? 'file'
        : status.isFIFO()
          ? 'fifo'
          : 'symlink';
    const content =
      type === 'file' ? fs.readFileSync(path, 'latin1') : type === 'symlink' ? fs.readlinkSync(path) : '';
    found.set(join(below, name), {
      type,
      mode: status.mode & 0o7777,
      seconds: Math.floor(status.mtimeMs / 1000),
      content,
    });
    if (type === 'directory') for (const entry of describeTree(root, join(below, name))) found.set(...entry);
  }
  return found;
}

/** What the archive says, with hard links replaced by what they link to. */
function describeArchive(bytes: Buffer, chunkBytes: number): Map<string, Described> {
  const found = new Map<string, Described>();
  const text = (bytes: string) => Buffer.from(bytes, 'latin1').toString();
  for (const { type, name, linkName, mode, modifiedAt, content } of readArchive(bytes, chunkBytes)) {
    const path = text(name).replace(/^\.\//, '').replace(/\/$/, '');
    const own = {
      type,
      mode,
      seconds: modifiedAt.seconds,
      content: type === 'symlink' ? text(linkName) : content.toString('latin1'),
    };
    if (path !== '' && path !== '.')
      found.set(path, type === 'hardlink' ? found.get(text(linkName).replace(/^\.\//, ''))! : own);
  }
  return found;
}

describe.skipIf(!hasGnuTar)('what GNU tar packs', () => {
  it.each(['ustar', 'pax', 'gnu', 'oldgnu'])('as %s is read as it was', (format) => {
    let count = 0;
    fc.assert(
      fc.property(
        fc.array(node, { maxLength: 12 }),
        fc.integer({ min: 100, max: 20_000 }),
        (nodes, chunkBytes) => {
          const root = join(base, `${format}-${count++}`);
          fs.mkdirSync(root);
          plant(root, nodes);

          const packed = spawnSync('tar', ['-C', root, `--format=${format}`, '-cf', '-', '.'], {
            maxBuffer: 1 << 28,
          });
          // A name that ustar cannot hold is left out with an error: nothing to compare then.
          fc.pre(packed.status === 0);

          expect(describeArchive(packed.stdout, chunkBytes)).toEqual(describeTree(root));
        },
      ),
      { numRuns: 15 },
    );
  });

  it.each([
    ['gnu', []],
    ['oldgnu', []],
    ['pax', ['--sparse-version=0.0']],
    ['pax', ['--sparse-version=0.1']],
    ['pax', ['--sparse-version=1.0']],
  ])('with holes as %s %j has its holes', (format, options) => {
    let count = 0;
    const block = 4096;
    const pieces = fc.uniqueArray(fc.integer({ min: 0, max: 120 }), { maxLength: 60 });
    fc.assert(
      fc.property(pieces, fc.integer({ min: 0, max: 130 * block }), (pieces, size) => {
        const root = join(base, `sparse-${format}-${options.length}-${count++}`);
        fs.mkdirSync(root);
        const file = fs.openSync(join(root, 'sparse'), 'w');
        for (const at of pieces) fs.writeSync(file, Buffer.alloc(block, at + 1), 0, block, at * block);
        fs.ftruncateSync(file, size);
        fs.closeSync(file);
        fs.writeFileSync(join(root, 'z-next'), 'next');

        const names = ['sparse', 'z-next'];
        const packed = execFileSync(
          'tar',
          ['-C', root, '-S', `--format=${format}`, ...options, '-cf', '-', ...names],
          { maxBuffer: 1 << 28 },
        );
        const members = readArchive(packed, 10_000);

        expect(members.map(({ name }) => name)).toEqual(names);
        expect(members[0]!.content.equals(fs.readFileSync(join(root, 'sparse')))).toBe(true);
        fs.rmSync(root, { recursive: true });
      }),
      { numRuns: 10 },
    );
  });

  it('keeps names that are no text', () => {
    const root = join(base, 'bytes');
    fs.mkdirSync(root);
    fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0x61, 0xff, 0xfe)]), '');
    for (const format of ['pax', 'gnu']) {
      const packed = execFileSync('tar', ['-C', root, `--format=${format}`, '-cf', '-', '.']);
      expect(readArchive(packed).map(({ name }) => name)).toContain('./a\xff\xfe');
    }
  });
});
