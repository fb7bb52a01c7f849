import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { getExtendedAttribute, listExtendedAttributes } from '../../packages/os/dist/system-calls/index.js';

/**
 * What a tree is, path by path: type, mode, owner, time, size, content, link target, device, attributes, and which paths are
 * one node. Paths are byte strings, `.` the root; overlay's own attributes are not of the tree.
 */
export function treeOf(root) {
  const nodes = new Map();
  const firsts = new Map();
  const visit = (path) => {
    const native = Buffer.from(path === '.' ? root : `${root}/${path}`, 'latin1');
    const status = fs.lstatSync(native, { bigint: true });
    nodes.set(path, nodeOf(native, status));
    if (status.isDirectory()) {
      for (const name of fs.readdirSync(native, 'latin1').toSorted()) visit(path === '.' ? name : `${path}/${name}`);
      return;
    }
    const inode = `${status.dev}:${status.ino}`;
    if (!firsts.has(inode)) firsts.set(inode, []);
    firsts.get(inode).push(path);
  };
  visit('.');
  // Every node knows all its names, so that one missing name shows at each of them.
  for (const paths of firsts.values()) for (const path of paths) nodes.get(path).links = paths.join('\n');
  return nodes;
}

function nodeOf(path, status) {
  return {
    type: typeOf(status),
    mode: (Number(status.mode) & 0o7777).toString(8),
    owner: `${status.uid}:${status.gid}`,
    time: String(status.mtimeNs),
    size: status.isFile() ? String(status.size) : '',
    content: status.isFile() ? createHash('sha256').update(fs.readFileSync(path)).digest('hex').slice(0, 16) : '',
    target: status.isSymbolicLink() ? fs.readlinkSync(path, 'latin1') : '',
    device: status.isCharacterDevice() || status.isBlockDevice() ? String(status.rdev) : '',
    attributes: attributesOf(path),
    links: '',
  };
}

function typeOf(status) {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isFIFO()) return 'fifo';
  return status.isCharacterDevice() ? 'character' : 'block';
}

function attributesOf(path) {
  const own = listExtendedAttributes(path).filter((name) => !name.startsWith('trusted.overlay.'));
  return own
    .toSorted()
    .map((name) => `${name}=${Buffer.from(getExtendedAttribute(path, name)).toString('base64')}`)
    .join();
}

/** Where two trees differ: the path, the names of the fields (`presence` where one has it not), and what both have. */
export function differencesOf(ours, theirs) {
  const paths = [...new Set([...ours.keys(), ...theirs.keys()])].toSorted();
  return paths.flatMap((path) => {
    const [own, other] = [ours.get(path), theirs.get(path)];
    if (own === undefined || other === undefined) return [{ path, fields: ['presence'], ours: own, theirs: other }];
    const fields = Object.keys(own).filter((field) => own[field] !== other[field]);
    return fields.length === 0 ? [] : [{ path, fields, ours: own, theirs: other }];
  });
}
