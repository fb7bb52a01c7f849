import type { Files, Host, ProcessIdentity } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { collect, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { isReadOnlyRootfs } from '@keelson/provisioner';
import type { ImageProcess } from './command-line.js';
import { commandLine } from './command-line.js';
import type { ContainerConfig } from './container-config.js';
import { containerEnvironment } from './container-environment.js';
import type { ContainerPaths } from './container-paths.js';
import type { ResolvedUser } from './container-user.js';
import { resolveUser } from './container-user.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import { requireExecutable } from './find-executable.js';
import { isAtOrBelow, readInRoot, resolveInRoot } from './in-root.js';
import type { LaunchContribution } from './isolator.js';
import type { BindMount, LaunchPlace, LaunchRequest } from './launcher.js';
import type { TreeReader } from './tree-reader.js';
import { remembering } from './tree-reader.js';

/** Everything a launch request is made of. */
export interface LaunchInputs {
  readonly id: ContainerId;
  readonly config: ContainerConfig;
  readonly image: ImageProcess;
  readonly rootfs: string;
  /** In the order of `config.volumes`: the folder of the host behind each. */
  readonly volumeSources: readonly string[];
  readonly contributions: readonly LaunchContribution[];
  /** First process of the container it is nested in. */
  readonly joins?: ProcessIdentity;
  /** What becomes its input. */
  readonly stdin?: number | undefined;
}

/** Passwd and group files of images are some kilobytes; a megabyte of them is an attack. */
const maxUserFileBytes = 1 << 20;

/**
 * Resolves every name in a container's configuration against its root filesystem, so that a launcher has
 * nothing left to look up: command, environment, user, working directory and mounts. Touches nothing.
 *
 * @throws ContainerizerError COMMAND_MISSING, COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE, CONTAINER_INVALID,
 *   IMAGE_UNSAFE, MOUNT_REFUSED, USER_UNKNOWN
 */
export function launchRequest(
  inputs: LaunchInputs,
  { paths, files, host }: { readonly paths: ContainerPaths; readonly files: Files; readonly host: Host },
): Future<LaunchRequest> {
  const { id, config, image, rootfs, contributions, joins, stdin } = inputs;
  const argv = commandLine(config, image);
  const hostname = hostnameOf(id, config);
  const cgroup = contributions.find((each) => each.cgroup)?.cgroup;
  requireLimitsKept(config, cgroup !== undefined);

  const tree = remembering(files);
  return Future.ready()
    .then(() =>
      collect([
        userFile(tree, rootfs, 'passwd'),
        userFile(tree, rootfs, 'group'),
        workingDirectory(tree, rootfs, config, image),
        mountsOf(files, tree, inputs),
        refuseStrangeRoots(tree, rootfs),
      ] as const),
    )
    .then(([passwd, group, directory, mounts]): LaunchRequest => {
      const user = resolveUser(config.user ?? (image.user || undefined), passwd, group);
      refuseUnmappedUser(user, host);
      const layers = contributions.map(({ environment }) => environment ?? {});
      return {
        ...launchPlace(id, config, paths, stdin),
        rootfs,
        ...(isReadOnlyRootfs(rootfs) && { readOnlyRoot: true as const }),
        argv,
        environment: containerEnvironment(image.environment ?? [], layers, config.environment, user.home),
        workingDirectory: directory,
        user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
        hostname,
        mounts,
        network: config.network,
        ...(cgroup && { cgroup }),
        // In a user namespace of one's own, those of another container cannot be joined.
        ...(joins && host.effectiveUserId === 0 && { joins }),
      };
    })
    .then((request) => requireExecutable(tree, request).then(() => request));
}

/** The part of a request that needs no looking up. */
export function launchPlace(
  id: ContainerId,
  { stdio }: ContainerConfig,
  paths: ContainerPaths,
  stdin?: number,
): LaunchPlace {
  const runtimeDirectory = paths.container(id);
  if (stdio !== 'sandbox') return { id, runtimeDirectory };
  const files = { stdout: paths.stdout(id), stderr: paths.stderr(id) };
  return { id, runtimeDirectory, stdio: { ...files, ...(stdin !== undefined && { stdin }) } };
}

/** Limits are kept by an isolator; without one they would be forgotten in silence. */
function requireLimitsKept({ memoryBytes, cpus, processes }: ContainerConfig, kept: boolean): void {
  if (kept || (memoryBytes ?? cpus ?? processes) === undefined) return;
  throw new ContainerizerError('CONTAINER_INVALID', 'Nothing here can limit memory, processors or processes');
}

/**
 * The runtime mounts over these; through a link it would mount over something else. What is missing it
 * makes, but not in a root that is read-only.
 */
function refuseStrangeRoots(files: TreeReader, rootfs: string): Future<unknown> {
  const fixed = isReadOnlyRootfs(rootfs);
  return collect(
    ['proc', 'sys', 'dev'].map((name) =>
      files.status(`${rootfs}/${name}`).then((status) => {
        if (status && status.kind !== 'directory') {
          throw new ContainerizerError(
            'IMAGE_UNSAFE',
            `The image's /${name} is a ${status.kind}, no directory`,
          );
        }
        if (!status && fixed) throw readOnly(`make /${name}`);
      }),
    ),
  );
}

function readOnly(attempt: string): ContainerizerError {
  const why = 'the backend of its root filesystem is read-only, and the image has none';
  return new ContainerizerError('MOUNT_REFUSED', `Cannot ${attempt} in the container: ${why}`);
}

function userFile(files: TreeReader, rootfs: string, name: string): Future<string> {
  return readInRoot(files, rootfs, `/etc/${name}`, maxUserFileBytes);
}

function refuseUnmappedUser({ uid, gid }: ResolvedUser, host: Host): void {
  if (host.effectiveUserId === 0 || (uid === 0 && gid === 0)) return;
  const message = `User ${uid}:${gid} does not exist: containers of an agent without root have root alone`;
  throw new ContainerizerError('USER_UNKNOWN', message);
}

function hostnameOf(id: ContainerId, { hostname }: ContainerConfig): string {
  if (hostname === undefined) return id.slice(id.lastIndexOf('.') + 1).slice(0, 63);
  if (/^[a-zA-Z0-9][a-zA-Z0-9.-]{0,63}$/.test(hostname)) return hostname;
  throw new ContainerizerError('CONTAINER_INVALID', `'${hostname}' is no host name`);
}

/**
 * A missing one is made by the launcher. One below /proc would hand the container a way out
 * (CVE-2024-21626).
 */
function workingDirectory(
  files: TreeReader,
  rootfs: string,
  config: ContainerConfig,
  image: ImageProcess,
): Future<string> {
  const wanted = config.workingDirectory ?? (image.workingDirectory || '/');
  if (!wanted.startsWith('/') || wanted.includes('\0')) {
    throw new ContainerizerError(
      'CONTAINER_INVALID',
      `The working directory '${wanted}' is no absolute path`,
    );
  }
  return resolveInRoot(files, rootfs, wanted).then(({ path, status }) => {
    if (isAtOrBelow(path, '/proc') || (status && status.kind !== 'directory')) {
      throw new ContainerizerError(
        'CONTAINER_INVALID',
        `The working directory '${wanted}' is no directory to work in`,
      );
    }
    if (!status && isReadOnlyRootfs(rootfs)) throw readOnly(`make the working directory '${wanted}'`);
    return path;
  });
}

function mountsOf(
  files: Files,
  tree: TreeReader,
  { config, volumeSources, rootfs, contributions }: LaunchInputs,
): Future<BindMount[]> {
  const contributed = contributions.flatMap(({ mounts }) => mounts ?? []);
  const volumes = config.volumes.map(({ containerPath, readOnly }, index) => {
    return { source: volumeSources[index]!, target: containerPath, readOnly };
  });
  return collect([
    ...contributed.map((mount) => resolveMount(files, tree, rootfs, mount, true)),
    ...volumes.map((mount) => resolveMount(files, tree, rootfs, mount, false)),
  ]).then((mounts) => mounts.flat());
}

/**
 * None, if it is optional and the host has no such file, or the root no place for it: an image of one program needs no
 * `resolv.conf`.
 */
function resolveMount(
  files: Files,
  tree: TreeReader,
  rootfs: string,
  { source, target, readOnly: fixed }: BindMount,
  optional: boolean,
): Future<readonly BindMount[]> {
  if (!source.startsWith('/') || !target.startsWith('/') || target.includes('\0')) {
    throw new ContainerizerError(
      'MOUNT_REFUSED',
      `Cannot mount '${source}' at '${target}': both must be absolute paths`,
    );
  }
  const followed: Future<string | undefined> = files.realPath(source);
  const found = followed.repair((failed) => {
    const error = failed.failure();
    if (optional && error instanceof FileError && error.code === 'ENOENT') return undefined;
    throw new ContainerizerError('MOUNT_REFUSED', `Cannot mount '${source}': ${messageOf(error)}`, {
      cause: error,
    });
  });
  return collect([found, resolveInRoot(tree, rootfs, target)] as const).then(([real, { path, status }]) => {
    if (path === '/' || isAtOrBelow(path, '/proc') || isAtOrBelow(path, '/sys') || path === '/dev') {
      throw new ContainerizerError('MOUNT_REFUSED', `Cannot mount anything at '${target}' of a container`);
    }
    if (real === undefined) return [];
    if (!status && isReadOnlyRootfs(rootfs) && !isAtOrBelow(path, '/dev')) {
      if (optional) return [];
      throw readOnly(`make the mount point '${target}'`);
    }
    return [{ source: real, target: path, readOnly: fixed || isReadOnlyRootfs(real) }];
  });
}
