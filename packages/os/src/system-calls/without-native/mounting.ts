import { readFileSync } from 'node:fs';
import { type BytePath, fileError } from '../../file-error.js';
import type { MountCall } from '../mount-call.js';
import { MountFlag } from '../mount-call.js';
import { commandError, runCommand, tryCommand } from './run-command.js';
import { statusFor } from './status.js';

/** By mount(8) of util-linux, which is told to look nothing up in fstab and to run no helper. */
export function mountByCommand({ source, target, type, flags = 0, data }: MountCall): void {
  const what = { syscall: 'mount', path: target };
  const propagation = propagationOf(flags);
  if (propagation !== undefined) return void runCommand('mount', ['-n', propagation, target], what);
  const words = [...optionsOf(flags), ...(data === undefined ? [] : [data])];
  const options = words.length === 0 ? [] : ['-o', words.join(',')];
  const kind = type === undefined ? [] : ['-t', type];
  const args = ['-n', '-c', '-i', ...kind, ...options, '--', source ?? 'none', target];
  const { status, stderr } = tryCommand('mount', args, what);
  if (status === 0) return;
  // Of an unknown type it says that the device is missing.
  if (type !== undefined && !isKnown(type)) throw fileError('ENODEV', 'mount', target, `no file system ${type}`);
  throw commandError('mount', stderr, what);
}

function isKnown(type: string): boolean {
  return readFileSync('/proc/filesystems', 'utf8').split(/\s+/).includes(type);
}

/** By umount(8). It follows a link to a mount point, which we do not. */
export function unmountByCommand(target: BytePath, lazy: boolean): void {
  const isLink = statusFor('umount', target).isSymbolicLink();
  if (isLink) throw fileError('EINVAL', 'umount', target, 'it is a symbolic link');
  const args: BytePath[] = ['-n', '-c', '-i', ...(lazy ? ['-l'] : []), '--', target];
  runCommand('umount', args, { syscall: 'umount', path: target });
}

function propagationOf(flags: number): string | undefined {
  const recursive = (flags & MountFlag.recursive) === 0 ? '' : 'r';
  if (flags & MountFlag.private) return `--make-${recursive}private`;
  if (flags & MountFlag.slave) return `--make-${recursive}slave`;
  return flags & MountFlag.shared ? `--make-${recursive}shared` : undefined;
}

function optionsOf(flags: number): string[] {
  const bind = (flags & MountFlag.recursive) === 0 ? 'bind' : 'rbind';
  const words: readonly (readonly [flag: number, word: string])[] = [
    [MountFlag.remount, 'remount'],
    [MountFlag.bind, bind],
    [MountFlag.move, 'move'],
    [MountFlag.readOnly, 'ro'],
    [MountFlag.noSetuid, 'nosuid'],
    [MountFlag.noDevices, 'nodev'],
    [MountFlag.noExecute, 'noexec'],
    [MountFlag.noAccessTimes, 'noatime'],
    [MountFlag.relativeAccessTimes, 'relatime'],
  ];
  return words.filter(([flag]) => (flags & flag) !== 0).map(([, word]) => word);
}
