import { ImageError } from '@keelson/image';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Member } from './archive.js';
import { archive, member, padded, withChecksum } from './archive.js';
import { readArchive } from './read-archive.js';

const codeOf = (bytes: Buffer) => {
  try {
    readArchive(bytes);
    return 'accepted';
  } catch (error) {
    return error instanceof ImageError ? error.code : `bug: ${String(error)}`;
  }
};
const base256 = (block: Buffer, at: number, value: number) => {
  block.fill(0, at, at + 8);
  block[at] = 0x80;
  block.writeUInt32BE(value, at + 4);
};
const only = (...members: Member[]) => readArchive(archive(...members))[0]!;

describe('a member', () => {
  it('has what its header says', () => {
    const name = `${'d'.repeat(60)}/${'f'.repeat(39)}`;
    const said = only({ name, content: 'abc', mode: 0o4755, uid: 1000, gid: 100, mtime: 1_700_000_000 });
    expect(said).toMatchObject({
      type: 'file',
      name,
      mode: 0o4755,
      uid: 1000,
      gid: 100,
      sizeBytes: 3,
      isSparse: false,
    });
    expect(said.modifiedAt).toEqual({ seconds: 1_700_000_000, nanoseconds: 0 });
    expect(said.content.toString()).toBe('abc');
  });

  it('has its name joined from prefix and name in ustar, and not in GNU archives', () => {
    const prefix = (block: Buffer) => void block.write('pre/fix', 345, 'latin1');
    expect(only({ name: 'n', patch: prefix }).name).toBe('pre/fix/n');
    const gnu = (block: Buffer) => (prefix(block), void block.write('ustar  \0', 257, 'latin1'));
    expect(only({ name: 'n', patch: gnu }).name).toBe('n');
  });

  it.each([
    ['0', 'n', 'file'],
    ['7', 'n', 'file'],
    ['\0', 'n', 'file'],
    ['\0', 'n/', 'directory'],
    ['1', 'n', 'hardlink'],
    ['2', 'n', 'symlink'],
    ['3', 'n', 'character'],
    ['4', 'n', 'block'],
    ['5', 'n', 'directory'],
    ['6', 'n', 'fifo'],
  ])('of type flag %j named %s is a %s', (type, name, kind) => {
    expect(only({ name, type, linkName: 'x' })).toMatchObject({ type: kind });
  });

  it('that is no file has no content, whatever size it states', () => {
    const members = readArchive(
      archive({ name: 'l', type: '2', linkName: 't', size: 512 }, { name: 'next', content: 'x' }),
    );
    expect(members.map(({ name, sizeBytes }) => [name, sizeBytes])).toEqual([
      ['l', 0],
      ['next', 1],
    ]);
  });

  it('of a kind that no file system has is refused', () => {
    expect(codeOf(archive({ name: 'x', type: 'M' }))).toBe('TAR_UNSUPPORTED');
  });

  it('may hold numbers in base 256, negative times among them', () => {
    const said = only({
      name: 'n',
      patch(block) {
        block.fill(0xff, 136, 148);
        base256(block, 108, 4_000_000_000);
      },
    });
    expect(said).toMatchObject({ modifiedAt: { seconds: -1, nanoseconds: 0 }, uid: 4_000_000_000 });
  });

  it.each([
    ['a negative size', (block: Buffer) => void block.fill(0xff, 124, 136)],
    [
      'a size that no double holds',
      (block: Buffer) => void ((block[124] = 0x80), block.fill(0xff, 125, 136)),
    ],
    ['a size that is no number', (block: Buffer) => void block.write('12x', 124)],
    ['a size with a sign', (block: Buffer) => void block.write('-1', 124)],
    ['a user id that means "leave it"', (block: Buffer) => base256(block, 108, 2 ** 32 - 1)],
  ])('with %s is refused', (_, patch) => {
    expect(codeOf(archive({ name: 'n', patch }))).toBe('TAR_INVALID');
  });
});

describe('overrides', () => {
  it('of a PAX header hold for one member, those of a global header for all that follow', () => {
    const global = member({ name: 'g', type: 'g', content: Buffer.from('19 uname=everybody\n10 uid=77\n') });
    const bytes = Buffer.concat([
      global,
      archive(
        {
          name: 'a',
          pax: [
            ['uid', '5'],
            ['path', 'long\xff/name'],
          ],
        },
        { name: 'b' },
      ),
    ]);
    expect(readArchive(bytes).map(({ name, uid }) => [name, uid])).toEqual([
      ['long\xff/name', 5],
      ['b', 77],
    ]);
  });

  it.each([
    ['path', 'p', { name: 'p' }],
    ['linkpath', 't', { linkName: 't' }],
    ['uid', '4000000000', { uid: 4_000_000_000 }],
    ['gid', '12', { gid: 12 }],
    ['mtime', '12.5', { modifiedAt: { seconds: 12, nanoseconds: 500_000_000 } }],
    ['mtime', '-1.25', { modifiedAt: { seconds: -2, nanoseconds: 750_000_000 } }],
    ['mtime', '-3', { modifiedAt: { seconds: -3, nanoseconds: 0 } }],
    ['mtime', '1.1234567899', { modifiedAt: { seconds: 1, nanoseconds: 123_456_789 } }],
    ['uid', '', { uid: 9 }],
  ])('PAX %s=%s is taken', (key, value, expected) => {
    expect(only({ name: 'n', type: '2', linkName: 'l', uid: 9, pax: [[key, value]] })).toMatchObject(
      expected,
    );
  });

  it('give the size of content that octal cannot state', () => {
    expect(only({ name: 'n', content: 'abc', size: 0, pax: [['size', '3']] }).content.toString()).toBe('abc');
  });

  it('carry extended attributes byte for byte, in both ways of writing them', () => {
    const xattrs = [
      ['SCHILY.xattr.user.a=b', 'x'],
      ['SCHILY.xattr.user.bin', '\0\xff\n='],
    ] as const;
    expect([...only({ name: 'n', pax: xattrs.slice(1) }).xattrs]).toEqual([
      ['user.bin', Buffer.from('\0\xff\n=', 'latin1')],
    ]);
    expect([...only({ name: 'n', pax: [['LIBARCHIVE.xattr.user.a%20b', 'AAE']] }).xattrs]).toEqual([
      ['user.a b', Buffer.of(0, 1)],
    ]);
  });

  it('of GNU long names and links are taken, and win over PAX as in Go', () => {
    const [name, linkName] = ['n'.repeat(300), 'l'.repeat(300)];
    const long = (type: string, text: string) =>
      member({ name: '././@LongLink', type, content: `${text}\0` });
    const last = archive({ name: 'short', type: '2', linkName: 'short', pax: [['path', 'pax']] });
    expect(readArchive(Buffer.concat([long('L', name), long('K', linkName), last]))[0]).toMatchObject({
      name,
      linkName,
    });
  });

  it.each([
    ['a length that is too long', '99 path=x\n'],
    ['a length that is too short', '5 path=x\n'],
    ['no newline', '9 path=xy'],
    ['no equals sign', '8 pathx\n'],
    ['no key', '5 =x\n'],
    ['no length', ' path=x\n'],
    ['a NUL in a name', '10 path=\0\n\n'],
    ['a time that is none', '16 mtime=1e10000\n'.replace('16', '17')],
    ['a size with a sign', '11 size=-1\n'],
  ])('with %s are refused', (_, content) => {
    expect(codeOf(Buffer.concat([member({ name: 'p', type: 'x', content }), archive({ name: 'n' })]))).toBe(
      'TAR_INVALID',
    );
  });

  it('that belong to no member are refused', () => {
    expect(codeOf(archive({ name: 'x', type: 'x', content: '9 path=x\n' }))).toBe('TAR_INVALID');
  });

  it('of more than a megabyte are refused before they are read', () => {
    expect(codeOf(member({ name: 'x', type: 'x', size: 1024 * 1024 + 1 }))).toBe('TAR_LIMIT');
  });
});

describe('a sparse file', () => {
  const sparse = (version: string, map: string, more: Member['pax'] = []): Member => ({
    name: 'GNUSparseFile.0/n',
    content: 'abcd',
    pax: [
      ['GNU.sparse.size', '100'],
      ['GNU.sparse.name', 'n'],
      ...(version === '0.1' ? [['GNU.sparse.map', map] as const] : []),
      ...more,
    ],
  });
  const filled = (...parts: [number, string][]) => {
    const content = Buffer.alloc(100);
    for (const [at, text] of parts) content.write(text, at);
    return content;
  };

  it('of PAX format 0.1 has its holes and its name', () => {
    const read = only(sparse('0.1', '10,3,50,1'));
    expect(read).toMatchObject({ name: 'n', sizeBytes: 100, isSparse: true });
    expect(read.content).toEqual(filled([10, 'abc'], [50, 'd']));
  });

  it('of PAX format 0.0 has its holes', () => {
    const pairs = [
      ['GNU.sparse.offset', '10'],
      ['GNU.sparse.numbytes', '3'],
      ['GNU.sparse.offset', '50'],
      ['GNU.sparse.numbytes', '1'],
    ] as const;
    expect(only(sparse('0.0', '', pairs)).content).toEqual(filled([10, 'abc'], [50, 'd']));
  });

  it('of PAX format 1.0 has its map before its data', () => {
    const content = Buffer.concat([padded(Buffer.from('2\n10\n3\n50\n1\n')), Buffer.from('abcd')]);
    const pax = [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.name', 'n'],
      ['GNU.sparse.realsize', '100'],
    ] as const;
    expect(only({ name: 'x', content, pax }).content).toEqual(filled([10, 'abc'], [50, 'd']));
  });

  it.each([
    ['overlaps', '10,3,12,1'],
    ['goes backwards', '50,3,10,1'],
    ['leaves the file', '10,3,100,1'],
    ['says less than is stored', '10,3'],
    ['says more than is stored', '10,3,50,2'],
    ['is cut short', '10,3,50'],
    ['is no list of numbers', '10,3,50,-1'],
    ['is larger than numbers are', '10,3,9007199254740991,1'],
  ])('whose map %s is refused', (_, map) => {
    expect(codeOf(archive(sparse('0.1', map)))).toBe('TAR_INVALID');
  });

  it.each(['1000000\n', '2\n10\n3\n', '9'.repeat(600)])(
    'of PAX format 1.0 with the map %j is refused',
    (map) => {
      const pax = [
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        ['GNU.sparse.realsize', '100'],
      ] as const;
      expect(codeOf(archive({ name: 'x', content: padded(Buffer.from(map)), pax }))).toMatch(
        /^TAR_(INVALID|LIMIT)$/,
      );
    },
  );

  it('of an unknown format is refused', () => {
    expect(codeOf(archive({ name: 'x', pax: [['GNU.sparse.major', '2']] }))).toBe('TAR_UNSUPPORTED');
  });
});

describe('an archive', () => {
  const two = archive({ name: 'a', content: 'x'.repeat(700) }, { name: 'b', pax: [['uid', '1']] });

  it('may be empty, lack its end mark, or go on behind it with anything', () => {
    expect(readArchive(Buffer.alloc(0))).toEqual([]);
    expect(readArchive(two.subarray(0, -1024))).toHaveLength(2);
    expect(readArchive(Buffer.concat([two, Buffer.from('anything')]))).toHaveLength(2);
  });

  it('is refused when it is cut anywhere but between members', () => {
    const between = new Set([0, 512 + 1024, two.length - 1024, two.length - 512]);
    for (let length = 0; length < two.length - 512; length++) {
      expect(codeOf(two.subarray(0, length)), `cut at ${length}`).toBe(
        between.has(length) ? 'accepted' : 'TAR_TRUNCATED',
      );
    }
  });

  it('is refused when a byte of a header is not what was summed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 511 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(archive({ name: 'a' }));
        bytes[at]! ^= change;
        expect(['TAR_INVALID', at >= 148 && at < 156 ? 'accepted' : 'TAR_INVALID']).toContain(codeOf(bytes));
      }),
    );
  });

  it('is read the same in whatever chunks it arrives', () => {
    const bytes = Buffer.concat([
      two.subarray(0, -1024),
      archive({
        name: 'c',
        pax: [
          ['GNU.sparse.size', '9'],
          ['GNU.sparse.map', '1,2,5,1'],
        ],
        content: 'xyz',
      }),
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1500 }), (chunkBytes) => {
        expect(readArchive(bytes, chunkBytes)).toEqual(readArchive(bytes));
      }),
    );
  });

  it('sums signed characters too, as old writers did', () => {
    const block = withChecksum(Buffer.from(member({ name: '\xff\xfe' })));
    const signed = parseInt(block.toString('latin1', 148, 154), 8) - 512;
    block.write(`${signed.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    expect(readArchive(block)[0]).toMatchObject({ name: '\xff\xfe' });
  });

  it('of any bytes is read or refused with a code, and never with a bug', () => {
    const mutation = fc.tuple(fc.nat({ max: 2000 }), fc.nat({ max: 255 }));
    const base = Buffer.concat([
      member({
        name: 'a',
        pax: [
          ['GNU.sparse.size', '9'],
          ['GNU.sparse.map', '1,2,5,1'],
        ],
        content: 'xyz',
      }),
      member({ name: 'long', type: 'L', content: 'name\0' }),
    ]);
    fc.assert(
      fc.property(fc.array(mutation, { maxLength: 8 }), (mutations) => {
        const bytes = Buffer.from(base);
        for (const [at, value] of mutations) bytes[at % bytes.length] = value;
        for (let at = 0; at < bytes.length; at += 1024) withChecksum(bytes.subarray(at, at + 512));
        expect(codeOf(bytes)).not.toMatch(/^bug/);
      }),
      { numRuns: 1000 },
    );
  });
});
