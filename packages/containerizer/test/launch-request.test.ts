import type { ContainerConfig, LaunchContribution } from '@keelson/containerizer';
import { containerConfig, ContainerPaths, launchRequest } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';
import { FakeHost } from './support/fakes.js';
import { MemoryFiles } from './support/memory-files.js';

const image = {
  entrypoint: [],
  command: ['app'],
  environment: ['PATH=/bin', 'A=image'],
  workingDirectory: '/srv',
  user: 'app',
};

function files(): MemoryFiles {
  return new MemoryFiles()
    .file('/r/bin/app', '\x7fELF', 0o755)
    .file('/r/bin/script', '#! /bin/app -x\n', 0o755)
    .file('/r/bin/orphan', '#!/usr/bin/python\n', 0o755)
    .file('/r/bin/garbage', 'garbage', 0o755)
    .file('/r/bin/data', '', 0o644)
    .file('/r/etc/passwd', 'root:x:0:0::/root:/bin/sh\napp:x:7:8::/home/app:/bin/sh\n')
    .file('/r/etc/group', 'app:x:8:\n')
    .directory('/host/folder');
}

function request(
  config: Partial<ContainerConfig> = {},
  {
    on = files(),
    contributions = [] as LaunchContribution[],
    volumeSources = config.volumes?.map((each) => each.hostPath ?? '') ?? [],
  } = {},
) {
  const inputs = {
    id: 'web',
    config: containerConfig(config),
    image,
    rootfs: '/r',
    volumeSources,
    contributions,
  };
  return launchRequest(inputs, { paths: new ContainerPaths('/root'), files: on, host: new FakeHost() });
}

const volume = (containerPath: string, hostPath = '/host/folder'): Partial<ContainerConfig> => ({
  volumes: [{ hostPath, containerPath, readOnly: false }],
});

describe('launchRequest', () => {
  it('takes from the image what the configuration leaves open', () => {
    expect(request().get()).toMatchObject({
      argv: ['app'],
      workingDirectory: '/srv',
      user: { uid: 7, gid: 8, additionalGids: [] },
      environment: { PATH: '/bin', A: 'image', HOME: '/home/app' },
      hostname: 'web',
      runtimeDirectory: '/root/runtime/containers/web',
    });
  });

  it('prefers what the configuration says', () => {
    const wanted = {
      argv: ['/bin/app', 'x'],
      workingDirectory: '/',
      user: 'root',
      hostname: 'db.local',
      environment: { A: 'mine' },
    };
    expect(request(wanted).get()).toMatchObject({
      argv: ['/bin/app', 'x'],
      workingDirectory: '/',
      user: { uid: 0, gid: 0 },
      hostname: 'db.local',
      environment: { A: 'mine', HOME: '/root' },
    });
  });

  it('keeps output in the sandbox when asked', () => {
    expect(request({ stdio: 'sandbox' }).get().stdio).toEqual({
      stdout: '/root/sandboxes/web/stdout',
      stderr: '/root/sandboxes/web/stderr',
    });
    expect(request({ stdio: 'inherit' }).get()).not.toHaveProperty('stdio');
  });

  it.each(['proc', 'sys', 'dev'])('refuses an image whose /%s is no directory', (name) => {
    for (const on of [files().link(`/r/${name}`, '/bin'), files().file(`/r/${name}`)]) {
      expect(request({}, { on }).failure()).toMatchObject({ code: 'IMAGE_UNSAFE' });
    }
    expect(request({}, { on: files().directory(`/r/${name}`) }).isReady()).toBe(true);
  });

  it('refuses user files that are no regular files of a reasonable size', () => {
    expect(request({}, { on: files().directory('/r/etc/group') }).isFailed()).toBe(false);
    const strange = files();
    strange.nodes.set('/r/etc/passwd', { kind: 'directory' });
    expect(request({}, { on: strange }).failure()).toMatchObject({ code: 'IMAGE_UNSAFE' });
    expect(
      request({}, { on: files().file('/r/etc/group', 'x'.repeat((1 << 20) + 1)) }).failure(),
    ).toMatchObject({ code: 'IMAGE_UNSAFE' });
  });

  it('reads user files behind links inside the root alone', () => {
    const on = files()
      .link('/r/etc/passwd', '/../../lib/passwd')
      .file('/r/lib/passwd', 'app:x:9:9::/:\n')
      .file('/lib/passwd', 'app:x:0:0::/:\n');
    expect(request({}, { on }).get().user).toMatchObject({ uid: 9 });
  });

  it('never reads the users of the host', () => {
    const on = files().file('/etc/passwd', 'hostuser:x:5:5::/:\n');
    expect(request({ user: 'hostuser' }, { on }).failure()).toMatchObject({ code: 'USER_UNKNOWN' });
  });

  it('resolves mount targets inside the root, links and all', () => {
    const on = files().link('/r/data', '../../../srv/real').directory('/r/srv');
    expect(request(volume('/data/sub'), { on }).get().mounts).toEqual([
      { source: '/host/folder', target: '/srv/real/sub', readOnly: false },
    ]);
  });

  it('leaves out what an isolator would mount and the host does not have, and refuses such a volume', () => {
    const contributions = [{ mounts: [{ source: '/etc/missing', target: '/etc/hosts', readOnly: true }] }];
    expect(request({}, { contributions }).get().mounts).toEqual([]);
    expect(request(volume('/data', '/etc/missing')).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
  });

  it.each([
    '/',
    '/..',
    '/proc',
    '/proc/sys',
    '/sys/kernel',
    '/dev',
    '/bin/app/below',
    '/link-to-proc/x',
    '/circle',
  ])('refuses to mount at %s', (target) => {
    const on = files().link('/r/link-to-proc', 'proc').directory('/r/proc').link('/r/circle', 'circle');
    expect(request(volume(target), { on }).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
  });

  it('refuses volumes that are not there or not absolute', () => {
    expect(request(volume('/data', '/host/missing')).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
    expect(request(volume('/data', 'relative')).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
    expect(request(volume('data')).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
  });

  it('mounts what isolators add before what the user adds', () => {
    const contributions = [{ mounts: [{ source: '/host', target: '/etc/hosts', readOnly: true }] }];
    expect(
      request(volume('/data'), { contributions })
        .get()
        .mounts.map(({ target }) => target),
    ).toEqual(['/etc/hosts', '/data']);
  });

  it.each([
    ['nope', 'COMMAND_NOT_FOUND'],
    ['/bin/nope', 'COMMAND_NOT_FOUND'],
    ['bin/app', 'COMMAND_NOT_FOUND'],
    ['/bin/app/below', 'COMMAND_NOT_FOUND'],
    ['orphan', 'COMMAND_NOT_FOUND'],
    ['garbage', 'COMMAND_NOT_EXECUTABLE'],
    ['data', 'COMMAND_NOT_EXECUTABLE'],
    ['/bin', 'COMMAND_NOT_EXECUTABLE'],
  ])('tells that %s cannot be started: %s', (program, code) => {
    expect(request({ argv: [program] }).failure()).toMatchObject({ code });
  });

  it.each([
    ['app', '/srv'],
    ['script', '/'],
    ['/bin/app', '/'],
    ['bin/app', '/'],
    ['./app', '/bin'],
    ['/usr/bin/app', '/'],
  ])('finds %s from %s', (program, workingDirectory) => {
    const on = files().link('/r/usr/bin', '/bin').directory('/r/srv');
    expect(request({ argv: [program], workingDirectory }, { on }).isReady()).toBe(true);
  });

  it('leaves a program that a volume brings in to the launcher', () => {
    expect(request({ ...volume('/tools'), argv: ['/tools/run'] }).isReady()).toBe(true);
    expect(request({ ...volume('/tools'), argv: ['/other/run'] }).failure()).toMatchObject({
      code: 'COMMAND_NOT_FOUND',
    });
  });

  it('refuses a working directory that is a file', () => {
    expect(request({ workingDirectory: '/bin/app' }).failure()).toMatchObject({
      code: 'CONTAINER_INVALID',
    });
  });

  it('refuses users that an agent without root cannot give', () => {
    const host = Object.assign(new FakeHost(), { effectiveUserId: 1000 });
    const inputs = {
      id: 'web',
      config: containerConfig({}),
      image,
      rootfs: '/r',
      volumeSources: [],
      contributions: [],
    };
    const refused = launchRequest(inputs, { paths: new ContainerPaths('/root'), files: files(), host });
    expect(refused.failure()).toMatchObject({ code: 'USER_UNKNOWN' });
  });
});

describe('launchRequest for a root that is a layer itself', () => {
  const rootfs = '/agent/provisioner/containers/web/backends/bind/rootfses/r1';
  const contributions = [{ mounts: [{ source: '/host/folder', target: '/etc/hosts', readOnly: true }] }];

  function fixedFiles(): MemoryFiles {
    const made = files().file(`${rootfs}/bin/app`, '\x7fELF', 0o755);
    for (const name of ['proc', 'sys', 'dev', 'srv', 'data']) made.directory(`${rootfs}/${name}`);
    return made.file(`${rootfs}/etc/passwd`, 'app:x:7:8::/:/bin/sh\n');
  }

  function fixedRequest(config: Partial<ContainerConfig> = {}, on = fixedFiles()) {
    const volumeSources = config.volumes?.map((each) => each.hostPath ?? '') ?? [];
    const inputs = { id: 'web', config: containerConfig(config), image, rootfs, volumeSources, contributions };
    return launchRequest(inputs, { paths: new ContainerPaths('/root'), files: on, host: new FakeHost() });
  }

  it('is read-only, and goes without the files it has no place for', () => {
    expect(fixedRequest().get()).toMatchObject({ readOnlyRoot: true, mounts: [] });
    const on = fixedFiles().file(`${rootfs}/etc/hosts`, '');
    expect(fixedRequest({}, on).get().mounts).toMatchObject([{ target: '/etc/hosts' }]);
    expect(request().get()).not.toHaveProperty('readOnlyRoot');
  });

  it('takes volumes where it has a place for them, and refuses the others', () => {
    expect(fixedRequest(volume('/data')).get().mounts).toHaveLength(1);
    expect(fixedRequest(volume('/elsewhere')).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
  });

  it('refuses to make a working directory, or what every container has mounted', () => {
    expect(fixedRequest({ workingDirectory: '/nope' }).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
    const on = fixedFiles();
    on.nodes.delete(`${rootfs}/sys`);
    expect(fixedRequest({}, on).failure()).toMatchObject({ code: 'MOUNT_REFUSED' });
  });

  it('never lends a layer to another container to write to', () => {
    const on = files().directory(`${rootfs}/bin`).directory('/r/data');
    const mounts = request(volume('/data', `${rootfs}/bin`), { on }).get().mounts;
    expect(mounts).toEqual([{ source: `${rootfs}/bin`, target: '/data', readOnly: true }]);
  });
});
