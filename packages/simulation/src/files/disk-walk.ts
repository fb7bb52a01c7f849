import { FileError } from '@keelson/os/ports';
import type { DiskNode, Inode } from './disk-state.js';
import { rootInode } from './disk-state.js';
import type { SimulatedDisk } from './simulated-disk.js';

/** Where a path leads: its directory, its last name, and what is there. */
export interface Place {
  readonly directory: Inode;
  readonly name: string;
  readonly inode: Inode | undefined;
  readonly node: DiskNode | undefined;
}

/**
 * Walks an absolute path, following links in all components but the last.
 *
 * @throws FileError ENOENT, ENOTDIR, ELOOP, as the system would
 */
export function walk(disk: SimulatedDisk, path: string, syscall: string, followLast = false): Place {
  return walkFrom(disk, path, { syscall, path, followLast, budget: 40 });
}

interface Walk {
  readonly syscall: string;
  readonly path: string;
  readonly followLast: boolean;
  readonly budget: number;
}

function walkFrom(disk: SimulatedDisk, path: string, walking: Walk): Place {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  const trail: Inode[] = [rootInode];
  for (const [index, name] of names.entries()) {
    const last = index === names.length - 1;
    if (name === '..') {
      if (trail.length > 1) trail.pop();
      continue;
    }
    const directory = trail.at(-1) as Inode;
    const parent = disk.node(directory);
    if (parent?.kind !== 'directory') throw failure('ENOTDIR', walking);
    const inode = parent.entries.get(name);
    const node = inode === undefined ? undefined : disk.node(inode);
    if (node?.kind === 'symlink' && (!last || walking.followLast)) {
      if (walking.budget === 0) throw failure('ELOOP', walking);
      const base = node.target.startsWith('/') ? '' : `/${names.slice(0, index).join('/')}`;
      const rest = names.slice(index + 1).join('/');
      return walkFrom(disk, `${base}/${node.target}/${rest}`, { ...walking, budget: walking.budget - 1 });
    }
    if (last) return { directory, name, inode, node };
    if (inode === undefined || node === undefined) throw failure('ENOENT', walking);
    if (node.kind !== 'directory') throw failure('ENOTDIR', walking);
    trail.push(inode);
  }
  const inode = trail.at(-1) as Inode;
  return { directory: inode, name: '', inode, node: disk.node(inode) };
}

function failure(code: string, { syscall, path }: Walk): FileError {
  return new FileError(code, syscall, path, `${syscall} '${path}' on the simulated disk: ${code}`);
}
