import { createHash } from 'node:crypto';
import type { ProcessLimits } from './capabilities.js';
import type { OciMount } from './default-mounts.js';
import { defaultMounts, maskedPaths, readonlyPaths } from './default-mounts.js';
import type { BindMount, LaunchRequest } from './launcher.js';

/** What decides how much isolation can be asked of the runtime here. */
export interface OciHost {
  readonly limits: ProcessLimits;
  /** Set when we are not root: the container then lives in a user namespace where this user is its root. */
  readonly rootless?: { readonly uid: number; readonly gid: number };
}

interface OciNamespace {
  readonly type: string;
  /** Of an existing one to join; a new one is made without. */
  readonly path?: string;
}

type Request = Omit<LaunchRequest, 'stdio'>;

/**
 * The `config.json` of a container. Pure: the same request makes the same specification.
 *
 * Namespaces, capabilities, masked paths and mounts are containerd's defaults; nothing is inheritable; no
 * new privileges; limits never above our own. Source: OCI runtime-spec 1.0.2 `config.md`,
 * `config-linux.md`.
 */
export function ociSpec(request: Request, host: OciHost) {
  const { capabilities } = host.limits;
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: userOf(request, host),
      args: request.argv,
      env: Object.entries(request.environment).map(([name, value]) => `${name}=${value}`),
      cwd: request.workingDirectory,
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        permitted: capabilities,
        inheritable: [],
      },
      rlimits: openFilesLimit(host.limits),
      noNewPrivileges: true,
    },
    root: { path: request.rootfs, readonly: request.readOnlyRoot ?? false },
    ...(!request.joins && { hostname: request.hostname }),
    mounts: [
      ...(host.rootless ? rootlessMounts(request) : defaultMounts),
      ...request.mounts.map(bindMount),
    ],
    linux: {
      namespaces: namespacesOf(request, host),
      ...(host.rootless && {
        uidMappings: [{ containerID: 0, hostID: host.rootless.uid, size: 1 }],
        gidMappings: [{ containerID: 0, hostID: host.rootless.gid, size: 1 }],
      }),
      ...(!host.rootless && { cgroupsPath: cgroupOf(request), resources }),
      maskedPaths,
      readonlyPaths,
    },
  };
}

export type OciSpec = ReturnType<typeof ociSpec>;

function userOf({ user }: Request, host: OciHost) {
  // setgroups is denied in a user namespace made without privileges, so there must be nothing to set.
  const additional =
    host.rootless || user.additionalGids.length === 0 ? {} : { additionalGids: user.additionalGids };
  return { uid: user.uid, gid: user.gid, ...additional };
}

/** Names as in /proc/PID/ns. */
const joinable = { ipc: 'ipc', uts: 'uts', network: 'net' } as const;

function namespacesOf({ network, joins }: Request, host: OciHost): readonly OciNamespace[] {
  const own = ['pid', 'mount', ...(host.rootless ? ['user'] : [])].map((type) => ({ type }));
  const shared = Object.entries(joinable).map(([type, name]) => {
    return { type, ...(joins && { path: `/proc/${joins.pid}/ns/${name}` }) };
  });
  // Without a path it would be a network of its own.
  return [...own, ...shared.filter(({ type }) => type !== 'network' || joins || network === 'none')];
}

/** Without an isolator that names a group: two agents on one machine may have containers of one name. */
function cgroupOf({ id, runtimeDirectory, cgroup }: Request): string {
  if (cgroup) return cgroup.path;
  return `/keelson/${createHash('sha256').update(runtimeDirectory).digest('hex').slice(0, 16)}-${id}`;
}

/**
 * Without these rules CAP_MKNOD would be a way to the disks of the host. The runtime adds null, zero, tty
 * and such. Other limits are those of the group around the container's.
 */
const resources = { devices: [{ allow: false, access: 'rwm' }] };

/**
 * Node raises its own soft limit to the hard one; programs that close every descriptor want the usual
 * 1024 back.
 */
function openFilesLimit({ openFilesHard }: ProcessLimits) {
  const hard = Math.min(openFilesHard ?? 1_048_576, 1_048_576);
  return [{ type: 'RLIMIT_NOFILE', soft: Math.min(1024, hard), hard }];
}

/**
 * A user namespace maps no tty group, and may mount sysfs only over a network namespace of its own: bind
 * it.
 */
function rootlessMounts({ network }: Request): OciMount[] {
  return defaultMounts.map((mount): OciMount => {
    if (mount.destination === '/sys' && network === 'host') {
      const options = ['rbind', 'nosuid', 'noexec', 'nodev', 'ro'];
      return { destination: '/sys', type: 'none', source: '/sys', options };
    }
    return { ...mount, options: mount.options.filter((option) => option !== 'gid=5') };
  });
}

function bindMount({ source, target, readOnly }: BindMount): OciMount {
  return {
    destination: target,
    type: 'bind',
    source,
    options: ['rbind', 'rprivate', readOnly ? 'ro' : 'rw'],
  };
}
