import { Random } from '../fuzz/random.mjs';
import { archive, member } from '../support/tar-writer.mjs';
import { ViewModel } from './view-model.mjs';

const folders = ['', '', 'd', 'd/e', 'usr', 'usr/lib', 'usr/bin', 'lib', 'bin', 'var', 'var/run', 'deep/er/and/er', 'opt/a'];
const names = ['a', 'b', 'c', 'x', 'tool', 'n\xe9', '\xff\xfe', 'sp ace', 'semi;colon', 'a:b,c', 'new\nline', '.wh', 'l'.repeat(120), 'z'.repeat(255)];
const targets = ['a', '../a', '/usr/lib/a', '/', '..', '../../../../etc/passwd', 'usr/lib', 'nowhere', 'd', '/d/e', 't'.repeat(300)];
const modes = [0o644, 0o755, 0o600, 0o4755, 0o2755, 0o1777, 0o6711, 0o444, 0];
const ids = [0, 0, 1, 1000, 65_534, 70_000, 2_000_000];
const times = ['0', '1', '1000000000', '1700000000.123456789', '1234567890.5', '4102444800'];
const capability = '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0';
const attributes = [['user.note', 'text'], ['user.bytes', '\0\xff\n'], ['user.empty', 'x'], ['security.capability', capability], ['trusted.own', 'v']];

/**
 * Stack number `index` of a seed: archives of layers, base first, as an image builder could write them, and what is to be
 * known of them to judge differences.
 */
export function stackOf(seed, index) {
  const random = new Random(seed, 'stack', index);
  const view = new ViewModel();
  const count = 1 + random.below(5);
  const layers = Array.from({ length: count }, (_, at) => layerOf(random, view, at));
  return { layers: layers.map((members) => archiveOf(random, members)), members: layers };
}

function layerOf(random, view, at) {
  view.beginLayer();
  const members = at === 0 && !random.oneIn(3) ? base(random) : [];
  for (const each of members) view.add(each);
  const most = random.oneIn(8) ? 40 : 12;
  for (let left = 1 + random.below(most); left > 0; left--) {
    const entry = random.pick(kinds)(random, view, at);
    if (entry === undefined || !view.takes(entry)) continue;
    view.add(entry);
    members.push(entry);
  }
  return members;
}

/** As Debian since the merge of `/usr`. */
function base(random) {
  return [
    { name: './', type: '5', ...metadata(random, { mode: 0o755 }) },
    { name: 'usr/', type: '5', ...metadata(random, { mode: 0o755 }) },
    { name: 'usr/lib/', type: '5', ...metadata(random) },
    { name: 'usr/bin/', type: '5', ...metadata(random) },
    { name: 'lib', type: '2', linkName: 'usr/lib', ...metadata(random) },
    { name: 'bin', type: '2', linkName: '/usr/bin', ...metadata(random) },
    { name: 'lib/a', content: 'by the link', ...metadata(random) },
  ];
}

const kinds = [
  file, file, file, file, directory, directory, link, sparse, special, hardLink, hardLink, whiteout, whiteout, opaque, replaced, replaced,
];

function file(random) {
  const content = Buffer.alloc(random.pick([0, 1, 10, 511, 512, 513, 5000, 9000]), `content ${random.below(1000)} `);
  return { name: freshName(random), type: '0', content, ...metadata(random, { xattrs: true }) };
}

function directory(random) {
  const name = random.oneIn(2) ? random.pick(folders.slice(2)) : freshName(random);
  return { name: `${name}/`, type: '5', ...metadata(random, { xattrs: true }) };
}

function link(random) {
  return { name: freshName(random), type: '2', linkName: random.pick(targets), ...metadata(random) };
}

function special(random) {
  const type = random.pick(['6', '6', '3', '4']);
  const device = type === '6' ? undefined : random.pick([[1, 3], [1, 5], [10, 229], [7, 1], [259, 70_000]]);
  return { name: freshName(random), type, device, ...metadata(random) };
}

/** With a hole before, between or behind its data, in PAX format 1.0. */
function sparse(random) {
  const offset = random.pick([0, 4096, 8192]);
  const size = offset + 512 + random.pick([0, 4096, 100_000]);
  const map = Buffer.from(`1\n${offset}\n512\n`);
  const content = Buffer.concat([map, Buffer.alloc(512 - map.length), Buffer.alloc(512, 'sparse data ')]);
  const name = freshName(random);
  const pax = [['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.name', name], ['GNU.sparse.realsize', String(size)]];
  const more = metadata(random);
  return { name, type: '0', content, ...more, pax: [...(more.pax ?? []), ...pax] };
}

function hardLink(random, view) {
  const found = view.files();
  if (found.length === 0) return undefined;
  return { name: freshName(random), type: '1', linkName: random.pick(found), ...metadata(random) };
}

/** Only of what lies below: one layer seldom takes back what it brings itself. */
function whiteout(random, view) {
  const found = view.below();
  if (found.length === 0) return undefined;
  const path = random.pick(found);
  const slash = path.lastIndexOf('/') + 1;
  return { name: `${path.slice(0, slash)}.wh.${path.slice(slash)}`, type: '0', content: '', hides: path };
}

function opaque(random, view) {
  const found = view.folders();
  const path = random.oneIn(12) ? '' : random.pick(['', ...found]);
  if (path === '' && !random.oneIn(4)) return undefined;
  return { name: path === '' ? '.wh..wh..opq' : `${path}/.wh..wh..opq`, type: '0', content: '', covers: path };
}

/** Something of another kind at a name that is taken. */
function replaced(random, view) {
  const found = view.paths();
  if (found.length === 0) return undefined;
  const name = random.pick(found);
  const made = random.pick([file, directory, link, special])(random);
  return { ...made, name: made.type === '5' ? `${name}/` : name };
}

function freshName(random) {
  const folder = random.pick(folders);
  const name = random.pick(names);
  return folder === '' ? name : `${folder}/${name}`;
}

function metadata(random, { mode = random.pick(modes), xattrs = false } = {}) {
  const mtime = random.pick(times);
  const pax = [
    ...(mtime.includes('.') ? [['mtime', mtime]] : []),
    ...(xattrs && random.oneIn(4) ? [random.pick(attributes)].map(([name, value]) => [`SCHILY.xattr.${name}`, value]) : []),
  ];
  return { mode, uid: random.pick(ids), gid: random.pick(ids), mtime: Math.floor(Number(mtime)), ...(pax.length > 0 && { pax }) };
}

/** What does not fit the header goes before it, in a PAX record or in GNU's way. */
function archiveOf(random, members) {
  const blocks = members.map((each) => {
    const long = [['path', each.name], ['linkpath', each.linkName ?? '']].filter(([, value]) => value.length > 100);
    if (long.length === 0) return member(each);
    if (random.oneIn(2)) return member({ ...each, pax: [...(each.pax ?? []), ...long] });
    const before = long.map(([key, value]) =>
      member({ name: '././@LongLink', type: key === 'path' ? 'L' : 'K', content: Buffer.from(`${value}\0`, 'latin1') }),
    );
    // A member with PAX records of its own has them right before it, as writers of both do.
    return Buffer.concat([...before, member(each)]);
  });
  return Buffer.concat([...blocks, archive()]);
}
