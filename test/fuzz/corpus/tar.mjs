import { archive } from '../../support/tar-writer.mjs';

const text = (name, content = 'content of a file', more = {}) => ({ name, content, ...more });
const link = (name, linkName) => ({ name, type: '2', linkName });
const hardLink = (name, linkName) => ({ name, type: '1', linkName });

/** The headers of one file with holes, in the way old GNU tar writes it. */
function gnuSparse(name, data, segments, realSize) {
  const patch = (block) => {
    block.write('ustar  \0', 257, 8, 'latin1');
    segments.forEach(([offset, length], index) => {
      block.write(octal(offset), 386 + 24 * index, 12, 'latin1');
      block.write(octal(length), 398 + 24 * index, 12, 'latin1');
    });
    block.write(octal(realSize), 483, 12, 'latin1');
  };
  return { name, type: 'S', content: data, patch };
}

function octal(value) {
  return `${value.toString(8).padStart(11, '0')}\0`;
}

const sparse1 = [['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.name', 'holes-1.0'], ['GNU.sparse.realsize', '9000']];
const map1 = Buffer.concat([Buffer.from('2\n0\n512\n8192\n512\n'), Buffer.alloc(512 - 17), Buffer.alloc(1024, 'd')]);
const map01 = [['GNU.sparse.size', '5000'], ['GNU.sparse.map', '0,512,4096,512']];
const pairs = [['GNU.sparse.size', '5000'], ['GNU.sparse.offset', '0'], ['GNU.sparse.numbytes', '512']];

/** Small archives of everything a layer may hold, lawful and not; what is fuzzed starts from them. */
export const tarSeeds = [
  archive(
    { name: 'd/', mode: 0o755 }, text('d/x'), text('a', 'a'.repeat(700), { mode: 0o4755, uid: 1000, gid: 1000, mtime: 1e9 }),
    hardLink('b', 'a'), link('l', 'd'), text('l/through'), { name: 'fifo', type: '6' },
    { name: 'null', type: '3', device: [1, 3] }, { name: 'disk', type: '4', device: [7, 0] },
  ),
  archive({ name: './' }, { name: 'usr/' }, { name: 'usr/lib/' }, link('lib', 'usr/lib'), text('lib/x'), text('implied/deep/file')),
  archive({ name: '.wh.d' }, { name: 'd/' }, text('d/new'), { name: 'usr/.wh..wh..opq' }, { name: '.wh.a' }, hardLink('h', 'usr/lib/x')),
  archive(link('out', '../../outside'), text('out/new'), { name: 'up', type: '2', linkName: '../..' }, text('up/outside/new')),
  archive(link('self', '/proc/self/cwd/outside'), text('self/new'), hardLink('copy', 'self/victim')),
  archive(link('loop', 'loop/loop'), text('loop/x')),
  archive(text('x', 'pax', { pax: [['path', `${'long/'.repeat(40)}name`], ['mtime', '-1.5'], ['uid', '70000'], ['SCHILY.xattr.user.k', 'v']] })),
  archive({ name: 'pax', type: 'g', content: '12 uid=1000\n' }, text('global'), text('second')),
  archive({ name: '././@LongLink', type: 'L', content: `${'n'.repeat(150)}\0` }, text('short'), { name: '././@LongLink', type: 'K', content: 'd/target\0' }, link('s', 't')),
  archive(gnuSparse('holes', Buffer.alloc(1024, 's'), [[0, 512], [8192, 512]], 10_000)),
  archive(text('holes-1.0', map1, { pax: sparse1 }), text('after')),
  archive(text('holes-0.1', Buffer.alloc(1024, 'm'), { pax: map01 }), text('holes-0.0', Buffer.alloc(512, 'p'), { pax: pairs })),
  archive(text('a'), { name: 'a', type: '5' }, text('a/b'), link('a', 'd'), { name: 'd/' }, text('a/c')),
  archive(text('n\xe9\xff'), text('sp ace'), text('new\nline'), text('.wh-not'), text('caps', 'x', { pax: [['SCHILY.xattr.security.capability', '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0']] })),
  Buffer.concat([archive(text('a')), Buffer.alloc(2048), Buffer.from('behind the end')]),
];

/** What lies below in half of the extractions. */
export const lowerSeed = archive(
  { name: 'usr/' }, { name: 'usr/lib/' }, text('usr/lib/x', 'below'), link('lib', 'usr/lib'), link('out', '../../outside'),
  link('self', '/proc/self/cwd/outside'), link('loop', 'loop'), { name: 'd/', mode: 0o711 }, text('d/x', 'below'), text('a', 'below', { mode: 0o4711 }),
  { name: 'fifo', type: '6' }, hardLink('hard', 'a'),
);
