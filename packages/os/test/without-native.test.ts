import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as systemCalls from '@keelson/os/system-calls';
import { findProgram } from '../../../test/support/needs.js';
import * as attributes from '../dist/system-calls/without-native/extended-attributes.js';
import * as mounting from '../dist/system-calls/without-native/mounting.js';
import * as specialFiles from '../dist/system-calls/without-native/special-files.js';
import { mountsNow, notRoot, temporaryDirectory, temporaryRoot } from './temporary-directory.js';

const byCommands = {
  setExtendedAttribute: attributes.setAttributeByCommand,
  getExtendedAttribute: attributes.getAttributeByCommand,
  listExtendedAttributes: attributes.listAttributesByCommand,
  removeExtendedAttribute: attributes.removeAttributeByCommand,
  setModifiedTime: specialFiles.setModifiedTimeByCommand,
  makeSpecialFile: specialFiles.makeSpecialFileByCommand,
  tryLockFile: specialFiles.tryLockByCommand,
  syncFileSystem: specialFiles.syncByCommand,
  renameNoReplace: specialFiles.renameByCommand,
  mount: mounting.mountByCommand,
  unmount: (target: string, { lazy = false } = {}) => mounting.unmountByCommand(target, lazy),
};

const commands = ['setfattr', 'getfattr', 'touch', 'mknod', 'flock', 'sync', 'mv', 'mount', 'umount'];
const missing = notRoot ?? commands.find((name) => findProgram(name) === undefined);
const { bind, private: isPrivate, readOnly, remount } = systemCalls.MountFlag;

/** What both ways to make a system call promise alike. */
describe.skipIf(missing).each([
  ['by native calls', systemCalls],
  ['by commands', byCommands],
])('%s', (_, calls) => {
  const failure = (code: string, syscall: string) => expect.objectContaining({ name: 'FileError', code, syscall });
  const bytesBelow = (folder: string) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.of(0xff, 0x0a, 0x20, 0x5c, 0x0a)]);

  it('attributes are set, told, read and removed on the node itself', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const link = join(folder, 'link');
    fs.symlinkSync('/missing', link);
    for (const path of [link, bytesBelow(folder)]) {
      if (path !== link) fs.writeFileSync(path, '');
      calls.setExtendedAttribute(path, 'trusted.one', Buffer.of(0, 1, 255, 0x0a));
      calls.setExtendedAttribute(path, 'trusted.two', Buffer.alloc(0));
      calls.setExtendedAttribute(path, 'trusted.a=b\\c', Buffer.from('=0x'));

      expect(calls.listExtendedAttributes(path).toSorted()).toEqual(['trusted.a=b\\c', 'trusted.one', 'trusted.two']);
      expect([...calls.getExtendedAttribute(path, 'trusted.one')]).toEqual([0, 1, 255, 0x0a]);
      expect([...calls.getExtendedAttribute(path, 'trusted.two')]).toEqual([]);
      expect(Buffer.from(calls.getExtendedAttribute(path, 'trusted.a=b\\c')).toString()).toBe('=0x');
      calls.removeExtendedAttribute(path, 'trusted.one');
      expect(() => calls.getExtendedAttribute(path, 'trusted.one')).toThrow(failure('ENODATA', 'lgetxattr'));
      expect(() => calls.removeExtendedAttribute(path, 'trusted.one')).toThrow(failure('ENODATA', 'lremovexattr'));
    }
    expect(() => calls.listExtendedAttributes(join(folder, 'none'))).toThrow(failure('ENOENT', 'llistxattr'));
    expect(() => calls.setExtendedAttribute(join(folder, 'none'), 'user.a', Buffer.of(1))).toThrow(failure('ENOENT', 'lsetxattr'));
    expect(() => calls.setExtendedAttribute(link, 'unknown.a', Buffer.of(1))).toThrow(failure('ENOTSUP', 'lsetxattr'));
  });

  it.each([
    [0, 0], [1_700_000_000, 123_456_789], [-2, 500_000_000], [-1, 999_999_999], [-5, 0], [4_102_444_800, 1],
  ])('times are exact: %d s and %d ns', (seconds, nanoseconds) => {
    const folder = fs.mkdtempSync(join(temporaryRoot, 'keelson-os-time-'));
    try {
      const link = join(folder, 'link');
      fs.symlinkSync('/missing', link);
      calls.setModifiedTime(link, seconds, nanoseconds);
      expect(fs.lstatSync(link, { bigint: true }).mtimeNs).toBe(BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds));
      expect(() => calls.setModifiedTime(join(folder, 'none'), 1, 0)).toThrow(failure('ENOENT', 'utimensat'));
      expect(fs.readdirSync(folder)).toEqual(['link']);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('special files are made under names of bytes, and never over something', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const path = bytesBelow(folder);
    calls.makeSpecialFile(path, { kind: 'fifo' }, 0o600);
    calls.makeSpecialFile(join(folder, 'device'), { kind: 'character', major: 200, minor: 70_000 }, 0o600);
    calls.makeSpecialFile(join(folder, 'whiteout'), { kind: 'character', major: 0, minor: 0 }, 0o600);

    expect(fs.lstatSync(path).isFIFO()).toBe(true);
    expect(execFileSync('stat', ['-c', '%t:%T %F', join(folder, 'device')]).toString().trim()).toBe('c8:11170 character special file');
    expect(fs.lstatSync(join(folder, 'whiteout')).rdev).toBe(0);
    expect(() => calls.makeSpecialFile(path, { kind: 'fifo' }, 0o600)).toThrow(failure('EEXIST', 'mknod'));
  });

  it('what is named by a descriptor of ours is found', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const descriptor = fs.openSync(folder, 'r');
    calls.makeSpecialFile(`/proc/self/fd/${descriptor}/pipe`, { kind: 'fifo' }, 0o600);
    fs.closeSync(descriptor);

    expect(fs.lstatSync(join(folder, 'pipe')).isFIFO()).toBe(true);
  });

  it('a file is locked for one descriptor alone', ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'lock');
    const [first, second] = [fs.openSync(path, 'w'), fs.openSync(path, 'r+')];

    expect(calls.tryLockFile(first, path)).toBe(true);
    expect(calls.tryLockFile(second, path)).toBe(false);
    fs.closeSync(first);
    expect(calls.tryLockFile(second, path)).toBe(true);
    fs.closeSync(second);
    expect(() => calls.tryLockFile(999_999, path)).toThrow(failure('EBADF', 'flock'));
  });

  it('a file system is written out', async ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const descriptor = fs.openSync(folder, 'r');
    await calls.syncFileSystem(descriptor, folder);
    fs.closeSync(descriptor);

    await expect(calls.syncFileSystem(999_999, folder)).rejects.toMatchObject({ code: 'EBADF', syscall: 'syncfs', path: folder });
  });

  it('a rename replaces nothing', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    for (const name of ['a', 'b']) fs.writeFileSync(join(folder, name), name);
    const rename = (from: string, to: string) => calls.renameNoReplace(join(folder, from), join(folder, to));

    expect(() => rename('a', 'b')).toThrow(failure('EEXIST', 'renameat2'));
    expect(() => rename('none', 'c')).toThrow(failure('ENOENT', 'renameat2'));
    rename('a', 'c');
    expect(fs.readdirSync(folder).toSorted()).toEqual(['b', 'c']);
    fs.mkdirSync(join(folder, 'd'));
    expect(() => rename('c', 'd')).toThrow(failure('EEXIST', 'renameat2'));
  });

  it('file systems are mounted, bound, made read-only and unmounted', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const [source, target] = [join(folder, 'so, urce'), join(folder, 'target')];
    for (const path of [source, target]) fs.mkdirSync(path);
    calls.mount({ source: 'none', target: source, type: 'tmpfs', data: 'size=1m' });
    calls.mount({ source, target, flags: bind });
    calls.mount({ target, flags: isPrivate });
    calls.mount({ target, flags: bind | remount | readOnly });

    const mine = mountsNow().filter((mount) => mount.target.startsWith(folder));
    expect(mine.map(({ type }) => type)).toEqual(['tmpfs', 'tmpfs']);
    expect(() => fs.writeFileSync(join(target, 'x'), '')).toThrow(expect.objectContaining({ code: 'EROFS' }));
    const held = fs.openSync(source, 'r');
    expect(() => calls.unmount(source)).toThrow(failure('EBUSY', 'umount'));
    calls.unmount(source, { lazy: true });
    fs.closeSync(held);
    calls.unmount(target);
    expect(() => calls.unmount(target)).toThrow(failure('EINVAL', 'umount'));
    expect(() => calls.unmount(join(folder, 'none'))).toThrow(failure('ENOENT', 'umount'));
  });

  it('a mount that cannot be is refused', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const tmpfs = { source: 'none', type: 'tmpfs' };
    expect(() => calls.mount({ ...tmpfs, target: join(folder, 'none') })).toThrow(failure('ENOENT', 'mount'));
    expect(() => calls.mount({ ...tmpfs, type: 'nosuchfs', target: folder })).toThrow(failure('ENODEV', 'mount'));
    expect(() => calls.mount({ ...tmpfs, target: folder, data: 'nonsense=1' })).toThrow(failure('EINVAL', 'mount'));
    expect(() => calls.mount({ source: join(folder, 'none'), target: folder, flags: bind })).toThrow(failure('ENOENT', 'mount'));
  });

  it('a link to a mount point is not unmounted', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const [target, link] = [join(folder, 'target'), join(folder, 'link')];
    fs.mkdirSync(target);
    fs.symlinkSync(target, link);
    calls.mount({ source: 'none', target, type: 'tmpfs' });

    expect(() => calls.unmount(link)).toThrow(failure('EINVAL', 'umount'));
    expect(mountsNow().some((mount) => mount.target === target)).toBe(true);
  });
});

describe.skipIf(missing)('a process without native calls', () => {
  const run = (script: string, folder: string) => {
    const environment = { ...process.env, KEELSON_NO_NATIVE: '1' };
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, folder], {
      env: environment,
      cwd: new URL('..', import.meta.url).pathname,
    });
    return { said: stdout.toString(), stderr: stderr.toString() };
  };

  it('removes a tree of byte names and links without leaving it, and none with a mount in it', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    fs.mkdirSync(join(folder, 'tree', ...Array.from({ length: 300 }, () => 'deep')), { recursive: true });
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/tree/`), Buffer.of(0xff, 0x0a)]), 'bytes');
    fs.mkdirSync(join(folder, 'outside'));
    fs.writeFileSync(join(folder, 'outside/kept'), '');
    fs.symlinkSync('../outside', join(folder, 'tree/link'));
    fs.mkdirSync(join(folder, 'mounted/on'), { recursive: true });
    systemCalls.mount({ source: 'none', target: join(folder, 'mounted/on'), type: 'tmpfs' });

    const { said, stderr } = run(
      `import removeTree from './dist/jobs/remove-tree.js';
       const [folder] = process.argv.slice(1);
       console.log(removeTree({ path: folder + '/tree' }).entries, removeTree({ path: folder + '/tree' }).entries);
       try { removeTree({ path: folder + '/mounted' }); } catch (error) { console.log(error.code); }`,
      folder,
    );
    expect(stderr).toBe('');
    expect(said).toBe('303 0\nEBUSY\n');
    expect(fs.readdirSync(folder).toSorted()).toEqual(['mounted', 'outside']);
    expect(fs.readdirSync(join(folder, 'outside'))).toEqual(['kept']);
  });

  it('mounts an overlay whatever its paths are called', ({ onTestFinished }) => {
    const folder = temporaryDirectory(onTestFinished);
    const { said, stderr } = run(
      `import fs from 'node:fs';
       import { mountOverlayTree } from './dist/overlay-mounting.js';
       const folder = process.argv[1];
       const names = ['lo:wer', 'l,2', 'upper', 'work', 'tar get'];
       const [first, second, upper, work, target] = names.map((name) => folder + '/' + name);
       for (const path of [first, second, upper, work, target]) fs.mkdirSync(path);
       fs.writeFileSync(first + '/a', 'first'); fs.writeFileSync(second + '/b', 'second');
       mountOverlayTree({ lower: [first, second], upper, work, target });
       console.log(fs.readdirSync(target).join());`,
      folder,
    );
    expect(stderr).toBe('');
    expect(said).toBe('a,b\n');
  });

  it('refuses what nothing stands in for, before it does anything', ({ onTestFinished }) => {
    const { said } = run(
      `import * as calls from './dist/system-calls/index.js';
       for (const call of [
         () => calls.unshare(calls.NamespaceFlag.mount), () => calls.joinNamespace(0, 0), () => calls.openInRoot(0, 'a', 0),
         () => calls.changeRoot('/'), () => calls.setCapabilities([]), () => calls.setMountReadOnly('/'),
       ]) try { call(); console.log('done'); } catch (error) { console.log(error.name, error.code); }`,
      temporaryDirectory(onTestFinished),
    );
    expect(said.trim().split('\n')).toEqual(Array.from({ length: 6 }, () => 'FileError ENOSYS'));
  });
});
