import { closeSync, fstatSync, lstatSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { mount, MountFlag, pivotRoot, setMountReadOnly, unmount } from '@keelson/os/system-calls';
import { maskedPaths, readonlyPaths } from './default-mounts.js';
import type { BindMount } from './launcher.js';
import type { LinuxInitPlan } from './linux-init-plan.js';

const { bind, recursive, remount, noDevices, noExecute, noSetuid, readOnly } = MountFlag;

/**
 * open(2)'s O_PATH | O_NOFOLLOW: a handle that can be mounted from, without opening a device or waiting
 * for a pipe.
 */
const handleOnly = 0o10000000 | 0o400000;

/**
 * Makes the container's root the root of this process, with its file systems and volumes, and leaves the
 * host's behind. Runs in the container's own mount, process and host name namespaces.
 */
export function assembleRoot(plan: LinuxInitPlan): void {
  const { rootfs, readOnlyRoot, inUserNamespace } = plan;
  // A bind on itself makes it a mount, which pivot_root asks for. No devices: nothing else keeps them
  // away here.
  mount({ source: rootfs, target: rootfs, flags: bind | recursive });
  const fixed = readOnlyRoot ? readOnly : 0;
  if (!inUserNamespace) mount({ target: rootfs, flags: bind | remount | noDevices | fixed });
  mountSystemFiles(rootfs, plan);

  // Opened in the old root, mounted in the new one: there no link in an image or volume leads outside any
  // more.
  const sources = plan.mounts.map(({ source }) => openSync(source, handleOnly));
  process.chdir(rootfs);
  pivotRoot('.', '.');
  plan.mounts.forEach((each, index) => mountVolume(each, sources[index]!));
  sources.forEach((source) => closeSync(source));
  hide();
  // Both roots are mounted at '.', the old one on top.
  unmount('.', { lazy: true });
  process.chdir('/');
}

/** The image was checked: `/proc`, `/dev` and `/sys` are directories of its own or missing. */
function mountSystemFiles(rootfs: string, { inUserNamespace, network }: LinuxInitPlan): void {
  const none = noSetuid | noExecute | noDevices;
  mountNew('proc', `${rootfs}/proc`, none);
  if (inUserNamespace && network === 'host') {
    // Mounting sysfs anew takes a network namespace of one's own.
    mkdirSync(`${rootfs}/sys`, { recursive: true });
    mount({ source: '/sys', target: `${rootfs}/sys`, flags: bind | recursive });
    setMountReadOnly(`${rootfs}/sys`, { recursive: true });
  } else {
    mountNew('sysfs', `${rootfs}/sys`, none | readOnly);
  }
  // The devices in it are mounts of their own; none can be made beside them.
  mountNew('tmpfs', `${rootfs}/dev`, noSetuid | noDevices, 'mode=755,size=65536k');
  const ttyGroup = inUserNamespace ? '' : ',gid=5';
  mountNew(
    'devpts',
    `${rootfs}/dev/pts`,
    noSetuid | noExecute,
    `newinstance,ptmxmode=0666,mode=0620${ttyGroup}`,
  );
  mountNew('tmpfs', `${rootfs}/dev/shm`, none, 'mode=1777,size=65536k');
  mountNew('mqueue', `${rootfs}/dev/mqueue`, none);

  for (const name of ['null', 'zero', 'full', 'random', 'urandom', 'tty']) {
    writeFileSync(`${rootfs}/dev/${name}`, '');
    mount({ source: `/dev/${name}`, target: `${rootfs}/dev/${name}`, flags: bind });
  }
  const links = {
    ptmx: 'pts/ptmx',
    fd: '/proc/self/fd',
    stdin: '/proc/self/fd/0',
    stdout: '/proc/self/fd/1',
    stderr: '/proc/self/fd/2',
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, `${rootfs}/dev/${name}`);
}

function mountNew(type: string, target: string, flags: number, data?: string): void {
  mkdirSync(target, { recursive: true });
  mount({ source: type, target, type, flags, ...(data !== undefined && { data }) });
}

/** In the new root, from a handle on the host's file or folder. */
function mountVolume({ target, readOnly: fixed }: BindMount, source: number): void {
  const from = `/proc/self/fd/${source}`;
  makeMountPoint(target, fstatSync(source).isDirectory());
  mount({ source: from, target, flags: bind | recursive });
  if (fixed) setMountReadOnly(target, { recursive: true });
}

function makeMountPoint(target: string, directory: boolean): void {
  // In a read-only root even opening it for writing would fail.
  if (lstatSync(target, { throwIfNoEntry: false })) return;
  mkdirSync(directory ? target : dirname(target), { recursive: true });
  if (!directory) writeFileSync(target, '', { flag: 'a' });
}

/** What is missing in this kernel's /proc and /sys needs no hiding. */
function hide(): void {
  for (const path of maskedPaths) {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory())
      mount({ source: 'tmpfs', target: path, type: 'tmpfs', flags: readOnly, data: 'size=0k' });
    else if (found) mount({ source: '/dev/null', target: path, flags: bind });
  }
  for (const path of readonlyPaths) {
    if (!lstatSync(path, { throwIfNoEntry: false })) continue;
    mount({ source: path, target: path, flags: bind | recursive });
    setMountReadOnly(path);
  }
}
