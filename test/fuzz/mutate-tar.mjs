import { padded, paxRecords, member, withChecksum } from '../support/tar-writer.mjs';
import { mutateBytes } from './mutate-bytes.mjs';

/** Where an archive would have a file of ours, as a layer's root two folders down sees it, and as a link's target. */
export const hardNames = [
  '..', '../..', '../../outside', '../../outside/victim', '/../../outside/new', 'a/../../../outside/new', '/proc/self/cwd/outside/new',
  '/proc/self/cwd/outside', '/proc/self/cwd/outside/victim', 'out/new', 'out/victim', 'up/new', 'self/new', '/', '.', './', '', 'a/', 'a/.', 'a//b',
  './/a/./b', 'a', 'b', 'd/', 'd/x', 'd/d/x', 'l', 'l/x', 'lib/x', 'usr/lib/x', '.wh.a', '.wh.d', 'd/.wh.x', '.wh..wh..opq', 'd/.wh..wh..opq',
  '.wh.', '.wh..', '.wh...', '.wh..wh.aufs', '.wh..wh.plnk/x', '.wh.d/x', 'd/.wh.x/y', 'out', 'out/.wh.victim', 'out/.wh..wh..opq', '.wh.lib',
  'lib', 'lib/.wh..wh..opq', 'a\0b', '\xff\xfe', 'n\u00e9', 'x'.repeat(255), 'x'.repeat(256), 'd/'.repeat(40), 'a\nb', 'loop', 'loop/x',
];
const hardNumbers = [
  '0000000', '7777777', '77777777', '7777777777777', '-1', '', ' ', '8', '0x10', '1e9', '\x80\0\0\0\0\0\0\0\0\0\0\0', '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff',
  '\x80\0\0\0\0\0\0\0\x7f\xff\xff\xff', '\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff', '\x80\0\0\0\0\0\x1f\xff\xff\xff\xff\xff', '00000000001', '00000001000',
];
const decimals = ['0', '1', '512', '-1', '9007199254740991', '9007199254740992', '99999999999999999999', '1.5', '', ' 1', '1073741824', '0.999999999999'];
const paxKeys = [
  'path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'GNU.sparse.major', 'GNU.sparse.minor', 'GNU.sparse.name', 'GNU.sparse.realsize', 'GNU.sparse.size',
  'GNU.sparse.map', 'GNU.sparse.offset', 'GNU.sparse.numbytes', 'SCHILY.xattr.user.x', 'SCHILY.xattr.trusted.overlay.opaque', 'SCHILY.xattr.security.capability',
  'SCHILY.xattr.', 'SCHILY.xattr.x', 'SCHILY.xattr.user.\xff', 'LIBARCHIVE.xattr.user.%00y', 'LIBARCHIVE.xattr.user.a%2Fb', 'SCHILY.xattr.user.overlay.redirect',
  'comment', '__proto__', 'SCHILY.xattr.system.posix_acl_access',
];
const types = ['\0', '0', '1', '2', '3', '4', '5', '6', '7', 'S', 'x', 'g', 'L', 'K', 'V', 'D', 'M', 'N', 'A', 'X', '\xff'];
/** Offset and length of the fields of a header; the last two are the sparse maps of GNU. */
const numberFields = [[100, 8], [108, 8], [116, 8], [124, 12], [136, 12], [148, 8], [329, 8], [337, 8], [386, 12], [398, 12], [483, 12]];
const words = hardNames.concat(hardNumbers, ['ustar  \0', 'ustar\x0000', '\0'.repeat(512)]);
const mostBytes = 64 * 1024;

/** An archive cut into members: each is its header block and what belongs to it. */
function membersOf(bytes) {
  const members = [];
  for (let at = 0; at + 512 <= bytes.length;) {
    const size = parseInt(bytes.toString('latin1', at + 124, at + 135), 8) || 0;
    const end = Math.min(bytes.length, at + 512 + Math.ceil(size / 512) * 512);
    members.push(Buffer.from(bytes.subarray(at, end)));
    at = end;
  }
  return members;
}

const operations = [
  (random, members) => onHeader(random, members, (block) => block.write(hardName(random), 0, 100, 'latin1')),
  (random, members) => onHeader(random, members, (block) => block.write(hardName(random), 157, 100, 'latin1')),
  (random, members) => onHeader(random, members, (block) => block.write(random.pick(types), 156, 1, 'latin1')),
  (random, members) => onHeader(random, members, (block) => writeNumber(random, block)),
  (random, members) => onHeader(random, members, (block) => block.write(hardName(random), 345, 155, 'latin1')),
  (random, members) => onHeader(random, members, (block) => (block[random.below(512)] = random.below(256))),
  (random, members) => void members.splice(random.below(members.length + 1), 0, Buffer.from(random.pick(members))),
  (random, members) => void (members.length > 1 && members.splice(random.below(members.length), 1)),
  (random, members) => {
    const [from, to] = [random.below(members.length), random.below(members.length)];
    [members[from], members[to]] = [members[to], members[from]];
  },
  (random, members) => void members.splice(random.below(members.length + 1), 0, hardMember(random)),
  (random, members) => void members.splice(random.below(members.length + 1), 0, hardMetadata(random)),
  (random, members, seeds) => {
    const others = membersOf(random.pick(seeds));
    const start = random.below(others.length);
    members.splice(random.below(members.length + 1), 0, ...others.slice(start, start + 1 + random.below(4)));
  },
];

/** Changes an archive as a list of members, most of whose checksums stay right; now and then also as bytes. */
export function mutateTar(random, bytes, seeds) {
  const members = membersOf(bytes);
  for (let count = 1 + random.below(6); count > 0 && members.length > 0; count--) random.pick(operations)(random, members, seeds);
  const changed = Buffer.concat(members);
  const cut = changed.length > mostBytes ? changed.subarray(0, mostBytes) : changed;
  return random.oneIn(8) ? mutateBytes(random, cut, { words, seeds }) : cut;
}

function hardName(random) {
  return random.oneIn(4) ? `${random.pick(hardNames)}/${random.pick(hardNames)}\0` : `${random.pick(hardNames)}\0`;
}

function onHeader(random, members, change) {
  const header = random.pick(members).subarray(0, 512);
  change(header);
  if (!random.oneIn(12)) withChecksum(header);
}

function writeNumber(random, block) {
  const [start, length] = random.pick(numberFields);
  block.write(random.pick(hardNumbers).padEnd(length, '\0'), start, length, 'latin1');
}

function hardMember(random) {
  const type = random.pick(['0', '0', '1', '2', '2', '3', '4', '5', '5', '6']);
  const content = type === '0' && random.oneIn(2) ? 'x'.repeat(random.below(1200)) : '';
  const mode = random.pick([0o644, 0, 0o7777, 0o4755, 0o2770]);
  const pax = random.oneIn(4) ? hardRecords(random) : undefined;
  const device = [random.below(3), random.below(3)];
  return member({ name: random.pick(hardNames), type, content, linkName: random.pick(hardNames), mode, device, pax });
}

function hardMetadata(random) {
  const name = Buffer.from(random.oneIn(6) ? 'long/'.repeat(random.below(900)) : random.pick(hardNames), 'latin1');
  const flag = random.pick(['x', 'g', 'L', 'K']);
  if (flag === 'L' || flag === 'K') return member({ name: '././@LongLink', type: flag, content: Buffer.concat([name, Buffer.alloc(1)]) });
  const records = paxRecords(hardRecords(random));
  if (random.oneIn(4) && records.length > 0) records[random.below(records.length)] = random.below(256);
  const block = member({ name: 'pax', type: flag, size: records.length }).subarray(0, 512);
  return Buffer.concat([block, padded(records)]);
}

function hardRecords(random) {
  return Array.from({ length: 1 + random.below(4) }, () => {
    const key = random.pick(paxKeys);
    if (/^GNU\.sparse\.(map|name)$/.test(key)) return [key, random.pick(['0,1', '0,512,512,0', '1,0,0,1', '0,0', ',', 'out/new'])];
    if (/path|comment|proto/.test(key)) return [key, random.pick(hardNames)];
    if (/xattr/.test(key)) return [key, random.pick(['', 'y', '\0', 'v'.repeat(100), '\x01\0\0\x02'])];
    return [key, random.pick(decimals)];
  });
}
