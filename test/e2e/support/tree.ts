import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/**
 * What a tree holds: for each path below `root` its type, mode, owner, link target, device numbers, content hash, and
 * which other paths are the same inode.
 */
export function describeTree(root: string): Map<string, string> {
  const found = new Map<string, string>();
  const firstOfInode = new Map<string, string>();
  const visit = (folder: Buffer, below: string): void => {
    for (const name of readdirSync(folder, { encoding: 'buffer' }).toSorted(Buffer.compare)) {
      const path = Buffer.concat([folder, Buffer.from('/'), name]);
      const key = `${below}/${name.toString('latin1')}`;
      const status = lstatSync(path);
      const parts = [(status.mode & 0o170000).toString(8), `${status.uid}:${status.gid}`];
      if (!status.isSymbolicLink()) parts.push((status.mode & 0o7777).toString(8));
      if (status.isSymbolicLink()) parts.push(readlinkSync(path, { encoding: 'latin1' }));
      if (status.isCharacterDevice() || status.isBlockDevice()) parts.push(`device ${status.rdev}`);
      if (status.isFile()) {
        parts.push(createHash('sha256').update(readFileSync(path)).digest('hex'), `${Math.trunc(status.mtimeMs / 1000)}`);
      }
      if (status.nlink > 1 && !status.isDirectory()) {
        const inode = `${status.dev}:${status.ino}`;
        if (!firstOfInode.has(inode)) firstOfInode.set(inode, key);
        parts.push(`same as ${firstOfInode.get(inode)}`);
      }
      found.set(key, parts.join(' '));
      if (status.isDirectory()) visit(path, key);
    }
  };
  visit(Buffer.from(root), '');
  return found;
}

/** Lines that differ between two trees, `-` only left, `+` only right; empty when they are equal. */
export function differenceOf(left: Map<string, string>, right: Map<string, string>): string[] {
  const lines: string[] = [];
  for (const [path, what] of left) {
    if (right.get(path) !== what) lines.push(`- ${path} ${what}`, `+ ${path} ${right.get(path) ?? 'absent'}`);
  }
  for (const [path, what] of right) if (!left.has(path)) lines.push(`+ ${path} ${what}`);
  return lines;
}
