import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as systemCalls from '@keelson/os/system-calls';
import { mountsNow, notRoot, temporaryDirectory } from './temporary-directory.js';

const modulePath = new URL('../dist/system-calls/index.js', import.meta.url).pathname;

describe('system calls', () => {
  it('fail with the errno name, the call and the path', () => {
    expect(() => systemCalls.getExtendedAttribute('/missing', 'user.a')).toThrow(
      expect.objectContaining({ name: 'FileError', code: 'ENOENT', syscall: 'lgetxattr', path: '/missing' }),
    );
  });

  it('refuse a path with a NUL in it, which would name another file', () => {
    expect(() => systemCalls.listExtendedAttributes('/etc/passwd\0.txt')).toThrow(
      expect.objectContaining({ code: 'EINVAL' }),
    );
  });

  it('are not loaded by an import', () => {
    const script = `import Module from 'node:module';
      await import('${modulePath}');
      console.log(Object.keys(Module._cache).some((name) => name.includes('koffi')));`;

    expect(execFileSync(process.execPath, ['--input-type=module', '-e', script]).toString().trim()).toBe(
      'false',
    );
  });

  it('lock a file for one descriptor alone', ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'lock');
    const first = openSync(path, 'w');
    const second = openSync(path, 'r+');

    expect(systemCalls.tryLockFile(first, path)).toBe(true);
    expect(systemCalls.tryLockFile(second, path)).toBe(false);
    closeSync(first);
    expect(systemCalls.tryLockFile(second, path)).toBe(true);
    closeSync(second);
  });

  it('rename only where nothing is in the way', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    writeFileSync(join(root, 'a'), 'a');
    writeFileSync(join(root, 'b'), 'b');

    expect(() => systemCalls.renameNoReplace(join(root, 'a'), join(root, 'b'))).toThrow(
      expect.objectContaining({ code: 'EEXIST' }),
    );
    systemCalls.renameNoReplace(join(root, 'a'), join(root, 'c'));
    expect(readFileSync(join(root, 'c'), 'utf8')).toBe('a');
  });

  it('make a fifo under a name of bytes', ({ onTestFinished }) => {
    const path = Buffer.concat([Buffer.from(`${temporaryDirectory(onTestFinished)}/`), Buffer.of(0xff)]);

    systemCalls.makeSpecialFile(path, { kind: 'fifo' }, 0o640);

    expect(lstatSync(path).isFIFO()).toBe(true);
  });

  it('open inside a root, which no link leads out of', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    mkdirSync(join(root, 'inside/etc'), { recursive: true });
    writeFileSync(join(root, 'inside/etc/name'), 'inside');
    symlinkSync('/etc', join(root, 'inside/absolute'));
    symlinkSync('../../..', join(root, 'inside/climbing'));
    const descriptor = systemCalls.openDirectory(join(root, 'inside'));
    const read = (path: string) => {
      const file = systemCalls.openInRoot(descriptor, path, constants.O_RDONLY);
      const text = readFileSync(file, 'utf8');
      closeSync(file);
      return text;
    };

    expect(read('absolute/name')).toBe('inside');
    expect(read('climbing/etc/name')).toBe('inside');
    expect(() =>
      systemCalls.openInRoot(
        descriptor,
        'absolute',
        constants.O_RDONLY,
        0,
        systemCalls.ResolveFlag.noSymlinks,
      ),
    ).toThrow(expect.objectContaining({ code: 'ELOOP' }));
    closeSync(descriptor);
  });

  it('write out a file system without holding the thread, and say what is wrong with a descriptor', async ({
    onTestFinished,
  }) => {
    const root = temporaryDirectory(onTestFinished);
    const descriptor = openSync(root, 'r');

    await systemCalls.syncFileSystem(descriptor, root);
    closeSync(descriptor);

    await expect(systemCalls.syncFileSystem(999_999, root)).rejects.toMatchObject({
      code: 'EBADF',
      syscall: 'syncfs',
      path: root,
    });
  });
});

describe.skipIf(notRoot)(`system calls of root (${notRoot ?? 'as root'})`, () => {
  it('keep extended attributes of a link itself', ({ onTestFinished }) => {
    const link = join(temporaryDirectory(onTestFinished), 'link');
    symlinkSync('/missing', link);

    systemCalls.setExtendedAttribute(link, 'trusted.one', Buffer.of(0, 1, 255));
    systemCalls.setExtendedAttribute(link, 'trusted.two', Buffer.alloc(0));

    expect(systemCalls.listExtendedAttributes(link).toSorted()).toEqual(['trusted.one', 'trusted.two']);
    expect([...systemCalls.getExtendedAttribute(link, 'trusted.one')]).toEqual([0, 1, 255]);
    systemCalls.removeExtendedAttribute(link, 'trusted.one');
    expect(() => systemCalls.getExtendedAttribute(link, 'trusted.one')).toThrow(
      expect.objectContaining({ code: 'ENODATA' }),
    );
  });

  it('make devices with both numbers whole', ({ onTestFinished }) => {
    const path = join(temporaryDirectory(onTestFinished), 'device');

    systemCalls.makeSpecialFile(path, { kind: 'character', major: 200, minor: 70_000 }, 0o600);

    expect(execFileSync('stat', ['-c', '%t:%T %F', path]).toString().trim()).toBe(
      'c8:11170 character special file',
    );
  });

  it('mount and unmount, and refuse options longer than the kernel keeps', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    systemCalls.mount({ source: 'none', target: root, type: 'tmpfs', data: 'size=1m' });

    expect(mountsNow().at(-1)).toMatchObject({ target: root, type: 'tmpfs' });
    systemCalls.unmount(root);
    expect(() => systemCalls.unmount(root)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
    expect(() => systemCalls.mount({ target: root, type: 'tmpfs', data: 'a'.repeat(4096) })).toThrow(
      expect.objectContaining({ code: 'E2BIG' }),
    );
  });

  it('say what the kernel wrote when a mount by parameters is refused', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);

    expect(() => systemCalls.mountByParameters('tmpfs', [['nonsense', '1']], root)).toThrow(
      /nonsense.*EINVAL/is,
    );
  });

  it('turn a process made for it into a confined one', () => {
    const script = `
      import * as calls from '${modulePath}';
      import fs from 'node:fs';
      calls.unshare(calls.NamespaceFlag.hostname | calls.NamespaceFlag.mount);
      calls.setHostname('keelson-test');
      calls.setGroups([3, 4]);
      calls.dropBoundingCapabilities([0, 5]);
      calls.setNoNewPrivileges();
      calls.setUser(1234, 4321);
      calls.setCapabilities([]);
      calls.resetSignals();
      const look = 'hostname; id -u; id -G; grep -E "^(Cap|NoNew|Sig)" /proc/self/status; echo $GREETING';
      calls.execve('/bin/sh', ['sh', '-c', look], { GREETING: 'hello', PATH: '/bin:/usr/bin' });`;

    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);

    expect(stderr.toString()).toBe('');
    const text = stdout.toString().replaceAll('\t', ' ');
    for (const line of [
      'keelson-test',
      '1234',
      '4321 3 4',
      'CapInh: 0000000000000000',
      'CapEff: 0000000000000000',
      'CapBnd: 0000000000000021',
      'NoNewPrivs: 1',
      'SigBlk: 0000000000000000',
      'SigIgn: 0000000000000000',
      'hello',
    ])
      expect(text.split('\n')).toContain(line);
  });

  it('change the root of a process', ({ onTestFinished }) => {
    const root = temporaryDirectory(onTestFinished);
    const script = `
      import * as calls from '${modulePath}';
      import fs from 'node:fs';
      calls.unshare(calls.NamespaceFlag.mount);
      calls.mount({ target: '/', flags: calls.MountFlag.private | calls.MountFlag.recursive });
      calls.mount({ source: '${root}', target: '${root}', flags: calls.MountFlag.bind });
      process.chdir('${root}');
      calls.pivotRoot('.', '.');
      calls.unmount('.', { lazy: true });
      fs.writeFileSync('/made-inside', '');
      process.stdout.write(fs.readdirSync('/').join());`;

    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script]);

    expect(stderr.toString()).toBe('');
    expect(stdout.toString()).toBe('made-inside');
    expect(existsSync(join(root, 'made-inside'))).toBe(true);
  });
});
