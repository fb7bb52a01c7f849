import type { OciHost } from '@keelson/containerizer';
import { ociSpec } from '@keelson/containerizer';
import { describe, expect, it } from 'vitest';

const request = {
  id: 'web',
  runtimeDirectory: '/root/runtime/containers/web',
  rootfs: '/rootfs',
  argv: ['echo', 'hi'],
  environment: { PATH: '/bin', A: 'a=b' },
  workingDirectory: '/srv',
  user: { uid: 1000, gid: 1001, additionalGids: [5] },
  hostname: 'web',
  mounts: [{ source: '/host', target: '/data', readOnly: true }],
  network: 'host' as const,
};
const root: OciHost = { limits: { capabilities: ['CAP_CHOWN', 'CAP_KILL'], openFilesHard: 4096 } };
const rootless: OciHost = { ...root, rootless: { uid: 1000, gid: 100 } };

describe('ociSpec', () => {
  it('starts argv as it is, with the environment, directory and user of the request', () => {
    expect(ociSpec(request, root).process).toMatchObject({
      terminal: false,
      args: ['echo', 'hi'],
      env: ['PATH=/bin', 'A=a=b'],
      cwd: '/srv',
      user: { uid: 1000, gid: 1001, additionalGids: [5] },
    });
  });

  it('gives capabilities we hold, none of them inheritable, and no new privileges', () => {
    const { capabilities, noNewPrivileges } = ociSpec(request, root).process;
    expect(capabilities.bounding).toEqual(['CAP_CHOWN', 'CAP_KILL']);
    expect(capabilities.inheritable).toEqual([]);
    expect(capabilities).not.toHaveProperty('ambient');
    expect(noNewPrivileges).toBe(true);
  });

  it('never asks for a limit above our own hard one', () => {
    const limit = (openFilesHard?: number) =>
      ociSpec(request, {
        limits: { capabilities: [], ...(openFilesHard !== undefined && { openFilesHard }) },
      }).process.rlimits;
    expect(limit(4096)).toEqual([{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 }]);
    expect(limit(512)).toEqual([{ type: 'RLIMIT_NOFILE', soft: 512, hard: 512 }]);
    expect(limit()).toEqual([{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 1_048_576 }]);
  });

  it('makes namespaces for everything but the network, and for that too when there is none', () => {
    const types = (network: 'host' | 'none', host = root) =>
      ociSpec({ ...request, network }, host).linux.namespaces.map(({ type }) => type);
    expect(types('host')).toEqual(['pid', 'mount', 'ipc', 'uts']);
    expect(types('none')).toEqual(['pid', 'mount', 'ipc', 'uts', 'network']);
    expect(types('host', rootless)).toContain('user');
  });

  it('mounts volumes after the system file systems, so that nothing hides them', () => {
    const { mounts } = ociSpec(request, root);
    expect(mounts.map(({ destination }) => destination)).toEqual([
      '/proc',
      '/dev',
      '/dev/pts',
      '/dev/shm',
      '/dev/mqueue',
      '/sys',
      '/data',
    ]);
    expect(mounts.at(-1)).toEqual({
      destination: '/data',
      type: 'bind',
      source: '/host',
      options: ['rbind', 'rprivate', 'ro'],
    });
  });

  it('denies every device but the usual ones, for CAP_MKNOD would reach the disks of the host', () => {
    expect(ociSpec(request, root).linux).toMatchObject({
      resources: { devices: [{ allow: false, access: 'rwm' }] },
    });
  });

  it('keeps containers of one name and two agents apart', () => {
    const cgroupOf = (runtimeDirectory: string) => ociSpec({ ...request, runtimeDirectory }, root).linux;
    expect(cgroupOf('/a')).toMatchObject({
      cgroupsPath: expect.stringMatching(/^\/keelson\/\w+-web$/) as string,
    });
    expect(cgroupOf('/a')).not.toEqual(cgroupOf('/b'));
  });

  it('puts a container into the group that an isolator made for it', () => {
    const cgroup = { path: '/keelson/agent/web/container', members: [] };
    expect(ociSpec({ ...request, cgroup }, root).linux).toMatchObject({ cgroupsPath: cgroup.path });
  });

  it('shares network, IPC and host name with the container it is nested in, and nothing else', () => {
    const joins = { pid: 42, startTicks: 1, bootId: 'b' };
    const spec = ociSpec({ ...request, joins }, root);
    expect(spec).not.toHaveProperty('hostname');
    expect(spec.linux.namespaces).toEqual([
      { type: 'pid' },
      { type: 'mount' },
      { type: 'ipc', path: '/proc/42/ns/ipc' },
      { type: 'uts', path: '/proc/42/ns/uts' },
      { type: 'network', path: '/proc/42/ns/net' },
    ]);
  });

  it('hides and protects what acts on the whole machine', () => {
    const { maskedPaths, readonlyPaths } = ociSpec(request, root).linux;
    expect(maskedPaths).toEqual(expect.arrayContaining(['/proc/kcore', '/proc/keys', '/sys/firmware']));
    expect(readonlyPaths).toEqual(expect.arrayContaining(['/proc/sys', '/proc/sysrq-trigger']));
  });

  it('maps its root to us where we are not root, and asks for nothing a user namespace cannot have', () => {
    const spec = ociSpec(request, rootless);
    expect(spec.linux).toMatchObject({
      uidMappings: [{ containerID: 0, hostID: 1000, size: 1 }],
      gidMappings: [{ hostID: 100 }],
    });
    expect(spec.linux).not.toHaveProperty('resources');
    expect(spec.process.user).not.toHaveProperty('additionalGids');
    expect(spec.mounts.flatMap(({ options }) => options)).not.toContain('gid=5');
    const sys = (from = spec) => from.mounts.find(({ destination }) => destination === '/sys');
    expect(sys()).toMatchObject({ source: '/sys', type: 'none' });
    expect(sys(ociSpec({ ...request, network: 'none' }, rootless))).toMatchObject({ type: 'sysfs' });
  });

  it('is the same for the same request', () => {
    expect(JSON.stringify(ociSpec(request, root))).toBe(JSON.stringify(ociSpec({ ...request }, root)));
  });

  it('makes the root read-only where the request says so', () => {
    expect(ociSpec(request, root).root).toEqual({ path: request.rootfs, readonly: false });
    expect(ociSpec({ ...request, readOnlyRoot: true }, root).root.readonly).toBe(true);
  });
});
