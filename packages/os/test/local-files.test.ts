import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FileError, LocalFiles } from '@keelson/os';
import { mount } from '@keelson/os/system-calls';
import { notRoot, temporaryDirectory } from './temporary-directory.js';

const files = new LocalFiles();
const bytes = (text: string) => Buffer.from(text);

describe('LocalFiles', () => {
  it('replaces a file whole, with its mode, and leaves no temporary file', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const path = join(root, 'record');

    await files.writeDurably(path, bytes('first, and rather long'));
    await files.writeDurably(path, bytes('second'), { mode: 0o640 });

    expect(readFileSync(path, 'utf8')).toBe('second');
    expect(lstatSync(path).mode & 0o777).toBe(0o640);
    expect(readdirSync(root)).toEqual(['record']);
  });

  it('replaces a link instead of following it', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    writeFileSync(join(root, 'victim'), 'untouched');
    symlinkSync('victim', join(root, 'record'));

    await files.writeDurably(join(root, 'record'), bytes('new'));

    expect(readFileSync(join(root, 'victim'), 'utf8')).toBe('untouched');
  });

  it('writes a file in place, however long it was, and follows no link', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const path = join(root, 'plan');
    writeFileSync(path, 'a long one');
    symlinkSync('plan', join(root, 'link'));

    await files.write(path, bytes('short'));

    expect(readFileSync(path, 'utf8')).toBe('short');
    await expect(files.write(join(root, 'link'), bytes('x'))).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(files.write(join(root, 'none/x'), bytes('x'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('tells of changes of a watched file, also of one before the question', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const path = join(root, 'pid');
    const watch = files.watch(path)!;
    onTestFinished(() => watch.close());

    writeFileSync(path, '');
    await watch.changed();
    const second = watch.changed();
    writeFileSync(join(root, '.pid'), '1');
    renameSync(join(root, '.pid'), path);
    await second;

    expect(files.watch(join(root, 'none/pid'))).toBeUndefined();
  });

  it('tells nothing of the files beside a watched one', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const watch = files.watch(join(root, 'pid'))!;
    const all = files.watch(join(root, 'log'))!;
    onTestFinished(() => [watch, all].forEach((each) => each.close()));

    writeFileSync(join(root, 'log'), 'text');
    await all.changed();

    expect(watch.changed().isPending()).toBe(true);
  });

  it('removes the temporary file when the rename fails', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'record'));

    await expect(files.writeDurably(join(root, 'record'), bytes('x'))).rejects.toMatchObject({
      name: 'FileError',
      code: 'EISDIR',
    });

    expect(readdirSync(root)).toEqual(['record']);
  });

  it.skipIf(notRoot)(
    `keeps the old file when the disk is full (${notRoot ?? 'as root'})`,
    async ({ onTestFinished }) => {
      const root = temporaryDirectory(onTestFinished);
      mount({ source: 'none', target: root, type: 'tmpfs', data: 'size=64k' });
      await files.writeDurably(join(root, 'record'), bytes('old'));

      await expect(files.writeDurably(join(root, 'record'), Buffer.alloc(100_000))).rejects.toMatchObject({
        code: 'ENOSPC',
      });

      expect(readFileSync(join(root, 'record'), 'utf8')).toBe('old');
      expect(readdirSync(root)).toEqual(['record']);
    },
  );

  it('reads what it may and refuses what is larger, of files without a size too', async ({
    onTestFinished,
  }) => {
    const path = join(temporaryDirectory(onTestFinished), 'file');
    writeFileSync(path, '12345');

    expect(bytes('12345').equals(await files.read(path, { maxBytes: 5 }))).toBe(true);
    await expect(files.read(path, { maxBytes: 4 })).rejects.toMatchObject({ code: 'EFBIG', path });
    expect(Buffer.from(await files.read('/proc/self/mountinfo')).toString()).toContain('/proc');
    await expect(files.read('/proc/self/mountinfo', { maxBytes: 10 })).rejects.toMatchObject({
      code: 'EFBIG',
    });
  });

  it('follows no link in the last component', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'directory'));
    writeFileSync(join(root, 'file'), 'x');
    symlinkSync('file', join(root, 'to-file'));
    symlinkSync('directory', join(root, 'to-directory'));

    await expect(files.read(join(root, 'to-file'))).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(files.appendDurably(join(root, 'to-file'), bytes('y'))).rejects.toMatchObject({
      code: 'ELOOP',
    });
    await expect(files.list(join(root, 'to-directory'))).rejects.toMatchObject({ code: 'ENOTDIR' });
    expect(await files.status(join(root, 'to-file'))).toMatchObject({ kind: 'symlink' });
    await files.remove(join(root, 'to-file'));
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('x');
  });

  it('appends, and creates what it appends to', async ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'journal');

    await files.appendDurably(path, bytes('one\n'));
    await files.appendDurably(path, bytes('two\n'));

    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });

  it('writes in place: twice the same, with a gap, and through no link', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const path = join(root, 'log');
    await files.writeAt(path, bytes('cd'), 2);
    await files.writeAt(path, bytes('ab'), 0);
    await files.writeAt(path, bytes('bc'), 1);
    expect(readFileSync(path, 'utf8')).toBe('abcd');
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    await files.makeSymlink(path, join(root, 'link'));
    await expect(files.writeAt(join(root, 'link'), bytes('x'), 0)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('makes directories: any with their parents, or exactly a new one', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);

    await files.makeDirectory(join(root, 'a/b'));
    await files.makeDirectory(join(root, 'a/b'));
    await files.makeNewDirectory(join(root, 'a/c'), { mode: 0o700 });

    expect(lstatSync(join(root, 'a/c')).mode & 0o777).toBe(0o700);
    await expect(files.makeNewDirectory(join(root, 'a/b'))).rejects.toMatchObject({
      code: 'EEXIST',
      syscall: 'mkdir',
    });
    expect([...(await files.list(join(root, 'a')))].toSorted((x, y) => (x.name < y.name ? -1 : 1))).toEqual([
      { name: 'b', kind: 'directory' },
      { name: 'c', kind: 'directory' },
    ]);
  });

  it('takes the removal of what is not there for success, and nothing else', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'full/inner'), { recursive: true });

    await files.remove(join(root, 'missing'));
    await files.removeDirectory(join(root, 'missing'));
    await expect(files.removeDirectory(join(root, 'full'))).rejects.toMatchObject({ code: 'ENOTEMPTY' });
    await expect(files.remove(join(root, 'full'))).rejects.toBeInstanceOf(FileError);
    await files.removeDirectory(join(root, 'full/inner'));
    expect(existsSync(join(root, 'full/inner'))).toBe(false);
  });

  it('tells what a file is, and undefined of none', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    writeFileSync(join(root, 'file'), Buffer.alloc(10_000));
    chmodSync(join(root, 'file'), 0o4711);
    const stats = lstatSync(join(root, 'file'));

    expect(await files.status(join(root, 'missing'))).toBeUndefined();
    expect(await files.status(join(root, 'file'))).toEqual({
      kind: 'file',
      sizeBytes: 10_000,
      allocatedBytes: stats.blocks * 512,
      mode: 0o4711,
      device: stats.dev,
      inode: stats.ino,
      linkCount: 1,
      userId: process.geteuid!(),
      groupId: process.getegid!(),
      modifiedAtMs: stats.mtimeMs,
    });
  });

  it('renames, links, resolves, syncs and measures', async ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    await files.writeDurably(join(root, 'a'), bytes('x'));

    await files.rename(join(root, 'a'), join(root, 'b'));
    await files.makeSymlink('b', join(root, 'link'));
    await files.syncDirectory(root);
    await files.syncFileSystem(root);

    expect(await files.readSymlink(join(root, 'link'))).toBe('b');
    expect(await files.realPath(join(root, 'link'))).toBe(join(root, 'b'));
    const { totalBytes, freeBytes } = await files.space(root);
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
    await expect(files.realPath(join(root, 'missing'))).rejects.toMatchObject({
      code: 'ENOENT',
      path: join(root, 'missing'),
    });
  });
});
