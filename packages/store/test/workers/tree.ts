import { getExtendedAttribute, listExtendedAttributes } from '@keelson/os/system-calls';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs';

/** Everything a tree has, as one line for each path: two trees are the same if these are. Paths are byte strings. */
export function snapshot(
  root: string,
  options: { times?: boolean; markers?: boolean } = {},
): Record<string, string> {
  const { times = true, markers = false } = options;
  const lines: Record<string, string> = {};
  const firstOfInode = new Map<string, string>();

  const visit = (path: string) => {
    const native = Buffer.from(path === '' ? root : `${root}/${path}`, 'latin1');
    const status = fs.lstatSync(native, { bigint: true });
    const inode = `${status.dev}:${status.ino}`;
    const isDirectory = status.isDirectory();
    if (!firstOfInode.has(inode)) firstOfInode.set(inode, path);
    const parts = [
      kindOf(status),
      (Number(status.mode) & 0o7777).toString(8),
      `${status.uid}:${status.gid}`,
      ...(times ? [`@${status.mtimeNs}`] : []),
      ...(status.isFile() ? [`${status.size} ${hash(fs.readFileSync(native))}`] : []),
      ...(status.isSymbolicLink() ? [`-> ${fs.readlinkSync(native, 'latin1')}`] : []),
      ...(status.isCharacterDevice() || status.isBlockDevice() ? [`device ${status.rdev}`] : []),
      ...(firstOfInode.get(inode) !== path ? [`same as ${firstOfInode.get(inode)}`] : []),
      ...attributes(native, markers),
    ];
    lines[path === '' ? '.' : path] = parts.join(' ');
    if (!isDirectory) return;
    for (const name of fs.readdirSync(native, 'latin1').toSorted())
      visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  return lines;
}

/** The paths alone. */
export function paths(root: string): string[] {
  return Object.keys(snapshot(root)).filter((path) => path !== '.');
}

function kindOf(status: fs.BigIntStats): string {
  if (status.isFile()) return 'file';
  if (status.isDirectory()) return 'directory';
  if (status.isSymbolicLink()) return 'symlink';
  if (status.isFIFO()) return 'fifo';
  if (status.isCharacterDevice()) return 'character';
  return status.isBlockDevice() ? 'block' : 'socket';
}

function attributes(path: Buffer, markers: boolean): string[] {
  return listExtendedAttributes(path)
    .filter((name) => markers || !name.startsWith('trusted.overlay.'))
    .toSorted()
    .map((name) => `${name}=${Buffer.from(getExtendedAttribute(path, name)).toString('base64')}`);
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}
