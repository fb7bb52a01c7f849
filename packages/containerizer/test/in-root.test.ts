import { fc, it as property } from '@fast-check/vitest';
import { resolveInRoot } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';
import { MemoryFiles } from './support/memory-files.js';

const resolve = (files: MemoryFiles, path: string) => resolveInRoot(files, '/root/fs', path);

describe('resolveInRoot', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['a//./b/', '/a/b'],
    ['/a/../a/b', '/a/b'],
    ['/../../..', '/'],
    ['/link/b', '/a/b'],
    ['/absolute/b', '/a/b'],
    ['/climbing/b', '/a/b'],
    ['/chain/b', '/a/b'],
    ['/missing/../x', '/x'],
    ['/missing/deep/er', '/missing/deep/er'],
    ['/to-missing/x', '/nowhere/x'],
  ])('%s is %s', (path, expected) => {
    const files = new MemoryFiles()
      .file('/root/fs/a/b')
      .link('/root/fs/link', 'a')
      .link('/root/fs/absolute', '/a');
    files
      .link('/root/fs/climbing', '../../../../a')
      .link('/root/fs/chain', 'absolute')
      .link('/root/fs/to-missing', '/nowhere');

    const found = resolve(files, path).get();

    expect(found.path).toBe(expected);
    expect(found.hostPath).toBe(expected === '/' ? '/root/fs' : `/root/fs${expected}`);
  });

  it('gives up on links that lead in circles, and on what lies below a file', () => {
    const files = new MemoryFiles().link('/root/fs/a', 'b').link('/root/fs/b', 'a').file('/root/fs/file');
    expect(resolve(files, '/a').failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
    expect(resolve(files, '/file/x').failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
  });

  const name = fc.constantFrom('a', 'b', 'c', '..', '.', '');
  const path = fc.array(name, { maxLength: 6 }).map((names) => names.join('/'));
  const target = fc
    .tuple(fc.boolean(), path)
    .map(([absolute, rest]) => (absolute ? `/${rest}` : rest || '.'));

  property.prop([fc.array(fc.tuple(path, target), { maxLength: 8 }), path])(
    'never leaves the root, whatever links are in it',
    (links, wanted) => {
      const files = new MemoryFiles().directory('/root/fs');
      for (const [at, to] of links) {
        const where = at
          .split('/')
          .filter((each) => /^[abc]$/.test(each))
          .join('/');
        if (where && !files.has(`/root/fs/${where}`)) files.link(`/root/fs/${where}`, to);
      }
      const found = resolve(files, wanted);
      if (found.isFailed()) return;
      const { path: inside, hostPath } = found.get();
      expect(hostPath === '/root/fs' || hostPath.startsWith('/root/fs/')).toBe(true);
      expect(inside.split('/')).not.toContain('..');
      expect(resolve(files, inside).get().path).toBe(inside);
    },
  );
});
