import { closeSync, readSync } from 'node:fs';
import { type BytePath, pathText, systemCallError } from '../file-error.js';
import { AT_FDCWD, checked, cString, hasNative, lastErrno, nativeFunction, numberedSystemCall } from './native.js';
import type { MountCall } from './mount-call.js';
import { systemCallNumbers } from './numbers.js';
import { mountByCommand, unmountByCommand } from './without-native/mounting.js';

export { type MountCall, MountFlag } from './mount-call.js';

/**
 * mount(2).
 *
 * @throws FileError with the errno name
 */
export function mount(call: MountCall): void {
  const data = call.data === undefined ? null : cString(call.data);
  if (data !== null && data.length > 4096) {
    throw systemCallError(7, 'mount', call.target, 'options are longer than one page');
  }
  if (!hasNative()) return mountByCommand(call);
  const source = call.source === undefined ? null : cString(call.source);
  const type = call.type === undefined ? null : cString(call.type);
  checked(mountFunction(source, cString(call.target), type, call.flags ?? 0, data), 'mount', call.target);
}

/**
 * umount2(2), never through a symbolic link. `lazy` is MNT_DETACH.
 *
 * @throws FileError EINVAL when nothing is mounted there, EBUSY while it is in use
 */
export function unmount(target: BytePath, options: { readonly lazy?: boolean } = {}): void {
  if (!hasNative()) return unmountByCommand(target, options.lazy ?? false);
  checked(
    unmountFunction(cString(target), UMOUNT_NOFOLLOW | (options.lazy ? MNT_DETACH : 0)),
    'umount',
    target,
  );
}

/** pivot_root(2): `newRoot` becomes `/`, what was `/` is mounted at `putOld`. */
export function pivotRoot(newRoot: BytePath, putOld: BytePath): void {
  checked(pivotRootCall(cString(newRoot), cString(putOld)), 'pivot_root', newRoot);
}

/**
 * Makes a mount read-only, with `recursive` all below it (mount_setattr).
 *
 * @throws FileError ENOSYS before Linux 5.12
 */
export function setMountReadOnly(target: BytePath, options: { readonly recursive?: boolean } = {}): void {
  const attributes = Buffer.alloc(32);
  attributes.writeUInt32LE(MOUNT_ATTR_RDONLY, 0);
  const flags = AT_SYMLINK_NOFOLLOW | (options.recursive ? AT_RECURSIVE : 0);
  const result = mountSetattr(AT_FDCWD, cString(target), flags, attributes, attributes.length);
  checked(result, 'mount_setattr', target);
}

/**
 * Makes a new mount parameter by parameter (fsopen, fsconfig, fsmount, move_mount; Linux 5.2). Unlike
 * mount(2) it has no limit on all options together; one value may have 255 bytes.
 *
 * @throws FileError with the errno name and what the kernel wrote about it; ENOSYS on older kernels
 */
export function mountByParameters(
  type: string,
  parameters: readonly (readonly [name: string, value: string])[],
  target: BytePath,
): void {
  const context = checked(fsopen(cString(type), FSOPEN_CLOEXEC), 'fsopen', target);
  try {
    for (const [name, value] of parameters) {
      const result = fsconfig(context, FSCONFIG_SET_STRING, cString(name), cString(value), 0);
      if (result < 0) throw contextError(context, `fsconfig ${name}`, target);
    }
    if (fsconfig(context, FSCONFIG_CMD_CREATE, null, null, 0) < 0)
      throw contextError(context, 'mount', target);
    const mounted = fsmount(context, FSMOUNT_CLOEXEC, 0);
    if (mounted < 0) throw contextError(context, 'fsmount', target);
    try {
      const moved = moveMount(mounted, cString(''), AT_FDCWD, cString(target), MOVE_MOUNT_F_EMPTY_PATH);
      checked(moved, 'move_mount', target);
    } finally {
      closeSync(mounted);
    }
  } finally {
    closeSync(context);
  }
}

/** The error, with the lines that the kernel left in the mount context (`e overlay: ...`). */
function contextError(context: number, syscall: string, target: BytePath): Error {
  const errno = lastErrno();
  const lines: string[] = [];
  const line = Buffer.alloc(1024);
  try {
    for (;;)
      lines.push(
        line
          .toString('utf8', 0, readSync(context, line))
          .replace(/^[a-z] /, '')
          .trim(),
      );
  } catch {
    // ENODATA: the log is read to its end.
  }
  return systemCallError(errno, syscall, pathText(target), lines.join('; '));
}

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_RECURSIVE = 0x8000;
const MOUNT_ATTR_RDONLY = 1;
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

const pointer = 'const void *';
const mountFunction = nativeFunction('mount', [pointer, pointer, pointer, 'unsigned long', pointer]);
const unmountFunction = nativeFunction('umount2', [pointer, 'int']);
const numbers = systemCallNumbers;
const pivotRootCall = numberedSystemCall('pivot_root', numbers.pivotRoot, [pointer, pointer]);
const fsopen = numberedSystemCall('fsopen', numbers.fsopen, [pointer, 'uint']);
const fsconfig = numberedSystemCall('fsconfig', numbers.fsconfig, ['int', 'uint', pointer, pointer, 'int']);
const fsmount = numberedSystemCall('fsmount', numbers.fsmount, ['int', 'uint', 'uint']);
const moveMount = numberedSystemCall('move_mount', numbers.moveMount, [
  'int',
  pointer,
  'int',
  pointer,
  'uint',
]);
const mountSetattr = numberedSystemCall('mount_setattr', numbers.mountSetattr, [
  'int',
  pointer,
  'uint',
  pointer,
  'size_t',
]);
