import { expect, it } from 'vitest';
import { resolveInRoot } from '@keelson/containerizer';
import { remembering } from '../src/tree-reader.js';
import { MemoryFiles } from './support/memory-files.js';

it('asks for the status of each path once, and resolves the same', () => {
  const files = new MemoryFiles().file('/root/etc/passwd', 'x').link('/root/etc/shadow', '/etc/passwd');
  const asked: string[] = [];
  const tree = remembering({
    status: (path) => {
      asked.push(path);
      return files.status(path);
    },
    readSymlink: (path) => files.readSymlink(path),
    read: (path) => files.read(path),
  });

  const found = ['/etc/passwd', '/etc/shadow', '/etc/missing'].map((path) => resolveInRoot(tree, '/root', path).get());

  expect(found.map(({ path, status }) => [path, status?.kind])).toEqual([
    ['/etc/passwd', 'file'],
    ['/etc/passwd', 'file'],
    ['/etc/missing', undefined],
  ]);
  expect(asked.toSorted()).toEqual([...new Set(asked)].toSorted());
  expect(asked).toHaveLength(4);
});
