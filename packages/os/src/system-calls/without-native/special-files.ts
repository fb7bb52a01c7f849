import { spawn } from 'node:child_process';
import { fstatSync, lstatSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BytePath, fileError, pathText } from '../../file-error.js';
import type { SpecialFile } from '../special-file.js';
import { commandEnvironment, commandError, runCommand, tryCommand } from './run-command.js';
import { nodePath, statusFor } from './status.js';

/** By mknod(1). A socket is made by no command: ENOSYS. */
export function makeSpecialFileByCommand(path: BytePath, file: SpecialFile, mode: number): void {
  const what = { syscall: 'mknod', path };
  if (file.kind === 'socket') throw fileError('ENOSYS', 'mknod', path, 'no command makes a socket');
  const kind = { fifo: 'p', character: 'c', block: 'b' }[file.kind];
  const numbers = 'major' in file ? [String(file.major), String(file.minor)] : [];
  runCommand('mknod', ['-m', (mode & 0o7777).toString(8), '--', path, kind, ...numbers], what);
}

/** By flock(1), which locks what our descriptor has open; the lock stays when the command ends. */
export function tryLockByCommand(descriptor: number, path: BytePath): boolean {
  requireOpen(descriptor, 'flock', path);
  const what = { syscall: 'flock', path, descriptors: [descriptor] };
  const { status, stderr } = tryCommand('flock', ['-x', '-n', '3'], what);
  if (status === 0 || (status === 1 && stderr === '')) return status === 0;
  throw commandError('flock', stderr, what);
}

/** By `sync -f` of coreutils, while the event loop goes on. */
export async function syncByCommand(descriptor: number, path: BytePath): Promise<void> {
  requireOpen(descriptor, 'syncfs', path);
  const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', 'ignore', 'pipe', descriptor];
  const child = spawn('sync', ['-f', '/proc/self/fd/3'], { env: commandEnvironment(), stdio });
  let said = '';
  child.stderr?.on('data', (bytes) => (said += String(bytes)));
  const status = await new Promise<number | null>((settle, fail) => {
    child.once('close', settle);
    child.once('error', () => fail(fileError('ENOSYS', 'syncfs', path, 'neither koffi nor the command sync is here')));
  });
  if (status !== 0) throw commandError('sync', said, { syscall: 'syncfs', path });
}

/** By `mv -n` of coreutils, which renames in the same way (RENAME_NOREPLACE) but does not say that it did not. */
export function renameByCommand(from: BytePath, to: BytePath): void {
  const device = (path: BytePath) => statusFor('renameat2', path, from).dev;
  if (device(from) !== device(dirname(pathText(to)))) throw fileError('EXDEV', 'renameat2', from);
  const what = { syscall: 'renameat2', path: from };
  const { ino: inode } = statusFor('renameat2', from);
  const { status, stderr } = tryCommand('mv', ['-n', '-T', '--', from, to], what);
  const isThere = lstatSync(nodePath(from), { throwIfNoEntry: false, bigint: true })?.ino === inode;
  // From coreutils 9.2 on it fails without a word about why.
  if (isThere && lstatSync(nodePath(to), { throwIfNoEntry: false })) throw fileError('EEXIST', 'renameat2', from);
  if (status !== 0 || isThere) throw commandError('mv', stderr, what);
}

/** By touch(1), on the node itself. */
export function setModifiedTimeByCommand(path: BytePath, seconds: number, nanoseconds: number): void {
  statusFor('utimensat', path);
  const isNegative = seconds < 0 && nanoseconds > 0;
  const [whole, fraction] = isNegative ? [-(seconds + 1), 1e9 - nanoseconds] : [seconds, nanoseconds];
  const time = `@${isNegative ? '-' : ''}${whole}.${String(fraction).padStart(9, '0')}`;
  runCommand('touch', ['-h', '-c', '-d', time, '--', path], { syscall: 'utimensat', path });
}

function requireOpen(descriptor: number, syscall: string, path: BytePath): void {
  try {
    fstatSync(descriptor);
  } catch {
    throw fileError('EBADF', syscall, path);
  }
}
