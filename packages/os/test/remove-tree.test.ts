import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import removeTree from '../dist/jobs/remove-tree.js';
import { openDirectory, openDirectoryAt } from '../dist/system-calls/directory-descriptors.js';
import { mount, MountFlag, unmount } from '../dist/system-calls/mounting.js';
import { notRoot, temporaryDirectory } from './temporary-directory.js';

describe('os.remove-tree', () => {
  it('removes files, links and directories, and never what a link points to', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'tree/a/b'), { recursive: true });
    mkdirSync(join(root, 'outside'));
    writeFileSync(join(root, 'outside/kept'), 'x');
    writeFileSync(join(root, 'tree/a/b/file'), 'x');
    symlinkSync('../../outside', join(root, 'tree/a/link'));

    const removed = removeTree({ path: join(root, 'tree') });

    expect(removed.entries).toBe(5);
    expect(readdirSync(root)).toEqual(['outside']);
    expect(readdirSync(join(root, 'outside'))).toEqual(['kept']);
  });

  it('counts the bytes of a file only when its last link goes', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'tree'));
    writeFileSync(join(root, 'tree/alone'), Buffer.alloc(100_000));
    writeFileSync(join(root, 'elsewhere'), Buffer.alloc(100_000));
    linkSync(join(root, 'elsewhere'), join(root, 'tree/shared'));
    writeFileSync(join(root, 'tree/twice'), Buffer.alloc(50_000));
    linkSync(join(root, 'tree/twice'), join(root, 'tree/twice-again'));
    const expected = ['tree', 'tree/alone', 'tree/twice'].map(
      (name) => lstatSync(join(root, name)).blocks * 512,
    );

    const removed = removeTree({ path: join(root, 'tree') });

    expect(removed.unlinkedBytes).toBe(expected.reduce((sum, bytes) => sum + bytes, 0));
  });

  it('takes a missing tree, a missing parent and a single file', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    writeFileSync(join(root, 'file'), 'x');

    expect(removeTree({ path: join(root, 'missing') }).entries).toBe(0);
    expect(removeTree({ path: join(root, 'missing/below') }).entries).toBe(0);
    expect(removeTree({ path: join(root, 'file') }).entries).toBe(1);
    expect(readdirSync(root)).toEqual([]);
  });

  it('removes names that are not UTF-8', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const odd = Buffer.concat([Buffer.from(join(root, 'tree/')), Buffer.of(0xff, 0xfe, 0x0a)]);
    mkdirSync(odd, { recursive: true });
    writeFileSync(Buffer.concat([odd, Buffer.of(0x2f, 0x80)]), 'x');

    removeTree({ path: join(root, 'tree') });

    expect(existsSync(join(root, 'tree'))).toBe(false);
  });

  it('removes a tree deeper than any path can be', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'tree'));
    makeDeep(join(root, 'tree'), 3000);

    const removed = removeTree({ path: join(root, 'tree') });

    expect(removed.entries).toBe(6001);
    expect(existsSync(join(root, 'tree'))).toBe(false);
  });

  it('removes a directory of more entries than one read answers', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'tree'));
    for (let index = 0; index < 5000; index++)
      writeFileSync(join(root, `tree/a-rather-long-name-${index}`), '');

    expect(removeTree({ path: join(root, 'tree') }).entries).toBe(5001);
  });

  it('leaves no descriptor open', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const before = readdirSync('/proc/self/fd').length;
    mkdirSync(join(root, 'tree/a/b/c'), { recursive: true });

    removeTree({ path: join(root, 'tree') });

    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

describe.skipIf(notRoot)(`os.remove-tree at a mount (${notRoot ?? 'as root'})`, () => {
  it('refuses a tree with a bind mount of the same device in it, before it removes anything', ({
    onTestFinished,
  }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'volume'));
    writeFileSync(join(root, 'volume/precious'), 'x');
    mkdirSync(join(root, 'tree/a/mounted'), { recursive: true });
    writeFileSync(join(root, 'tree/first'), 'x');
    mount({ source: join(root, 'volume'), target: join(root, 'tree/a/mounted'), flags: MountFlag.bind });

    expect(() => removeTree({ path: join(root, 'tree') })).toThrow(
      expect.objectContaining({ code: 'EBUSY', path: join(root, 'tree/a/mounted') }),
    );
    expect(readdirSync(join(root, 'volume'))).toEqual(['precious']);
    expect(readdirSync(join(root, 'tree'))).toContain('first');

    unmount(join(root, 'tree/a/mounted'));
    removeTree({ path: join(root, 'tree') });
    expect(existsSync(join(root, 'tree'))).toBe(false);
  });

  it('stops at the first error and names the entry', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const source = join(root, 'source');
    mkdirSync(join(source, 'a/b'), { recursive: true });
    writeFileSync(join(source, 'a/b/file'), 'x');
    mkdirSync(join(root, 'view'));
    mount({ source, target: join(root, 'view'), flags: MountFlag.bind });
    mount({ target: join(root, 'view'), flags: MountFlag.bind | MountFlag.remount | MountFlag.readOnly });

    expect(() => removeTree({ path: join(root, 'view/a') })).toThrow(
      expect.objectContaining({ code: 'EROFS', syscall: 'unlink', path: join(root, 'view/a/b/file') }),
    );
    expect(existsSync(join(source, 'a/b/file'))).toBe(true);
  });

  it('removes what its owner may neither read nor write', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'tree/closed/inner'), { recursive: true });
    writeFileSync(join(root, 'tree/closed/inner/file'), 'x');
    chmodSync(join(root, 'tree/closed/inner'), 0o000);
    chmodSync(join(root, 'tree/closed'), 0o555);
    chmodSync(root, 0o777);
    chmodSync(join(root, 'tree'), 0o777);
    execFileSync('chown', ['-R', '65534', join(root, 'tree')]);
    const asNobody = `import remove from '${new URL('../dist/jobs/remove-tree.js', import.meta.url).pathname}';
      process.setuid(65534); remove({ path: ${JSON.stringify(join(root, 'tree'))} });`;

    execFileSync(process.execPath, ['--input-type=module', '-e', asNobody]);

    expect(existsSync(join(root, 'tree'))).toBe(false);
  });
});

/** A chain of directories, each with a file, made through descriptors because no path reaches its end. */
function makeDeep(path: string, depth: number): void {
  let directory = openDirectory(path);
  for (let level = 0; level < depth; level++) {
    mkdirSync(`/proc/self/fd/${directory}/d`);
    writeFileSync(`/proc/self/fd/${directory}/d/f`, '');
    const next = openDirectoryAt(directory, Buffer.from('d\0'));
    closeSync(directory);
    directory = next;
  }
  closeSync(directory);
}
