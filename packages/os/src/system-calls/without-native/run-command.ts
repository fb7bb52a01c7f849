import type { StdioOptions } from 'node:child_process';
import { spawnSync } from 'node:child_process';
import { type BytePath, fileError } from '../../file-error.js';
import type { FileError } from '../../ports/files.js';

/** What is told of a command that failed. */
export interface CommandFor {
  readonly syscall: string;
  readonly path: BytePath;
  /** Descriptors of ours, which the command gets as 3 and up. */
  readonly descriptors?: readonly number[];
}

/**
 * Runs a command that makes a system call for us, and answers what it writes. Arguments are bytes.
 *
 * @throws FileError with the errno name that its message speaks of; ENOSYS where the command is not installed
 */
export function runCommand(program: string, args: readonly BytePath[], what: CommandFor): string {
  const { status, stderr, stdout } = tryCommand(program, args, what);
  if (status !== 0) throw commandError(program, stderr, what);
  return stdout;
}

/** As `runCommand`, for commands that say something by their exit status. */
export function tryCommand(
  program: string,
  args: readonly BytePath[],
  what: CommandFor,
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { syscall, path, descriptors = [] } = what;
  const [file, ...rest] = commandLine(program, args);
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', ...descriptors];
  const { error, ...result } = spawnSync(file, rest, { env: commandEnvironment(), stdio, encoding: 'latin1' });
  if (error !== undefined || result.status === shellFoundNothing) {
    throw fileError('ENOSYS', syscall, path, `neither koffi nor the command ${program} is here`);
  }
  return result;
}

/** Messages in the language that `errnoOf` knows; the administrator's programs are found too. */
export function commandEnvironment(): NodeJS.ProcessEnv {
  return { LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin` };
}

export function commandError(program: string, stderr: string, { syscall, path }: CommandFor): FileError {
  const lines = stderr.trim().split('\n');
  const said = (lines.findLast((line) => !line.includes('dmesg')) ?? '').slice(-200);
  return fileError(errnoOf(stderr), syscall, path, `${program} says: ${said}`);
}

/**
 * Node passes arguments as UTF-8 text. Where one is not, a shell that knows bytes only makes them from escapes.
 *
 * What is named by a descriptor of this process (`/proc/self/fd/N/name`) is named so that a child finds it too.
 */
function commandLine(program: string, args: readonly BytePath[]): [string, ...string[]] {
  const bytes = args.map((arg) => seenByChild(Buffer.from(arg)));
  if (bytes.every((arg) => Buffer.from(arg.toString()).equals(arg))) {
    return [program, ...bytes.map((arg) => arg.toString())];
  }
  return ['/bin/sh', '-c', decodeAndRun, 'sh', program, ...bytes.map(escaped)];
}

/** The dot keeps line ends at the end of an argument, which `$()` would cut. */
const decodeAndRun =
  'n=$#; while [ "$n" -gt 0 ]; do a=$(printf "%b." "$1"); shift; set -- "$@" "${a%.}"; n=$((n-1)); done; exec "$@"';

function escaped(bytes: Buffer): string {
  return Array.from(bytes, (byte) => {
    const isPlain = /[A-Za-z0-9/._=:,-]/.test(String.fromCharCode(byte));
    return isPlain ? String.fromCharCode(byte) : `\\0${byte.toString(8).padStart(3, '0')}`;
  }).join('');
}

function seenByChild(arg: Buffer): Buffer {
  const isOwn = arg.subarray(0, ownFiles.length).equals(ownFiles);
  return isOwn ? Buffer.concat([Buffer.from(`/proc/${process.pid}/`), arg.subarray(ownFiles.length)]) : arg;
}

const shellFoundNothing = 127;
const ownFiles = Buffer.from('/proc/self/');

/** The errno name of what commands write in the C locale: `strerror` of glibc and musl, and words of util-linux. */
function errnoOf(stderr: string): string {
  return messages.find(([text]) => stderr.includes(text))?.[1] ?? 'EIO';
}

const messages: readonly (readonly [text: string, code: string])[] = [
  ['mount point does not exist', 'ENOENT'],
  ['special device', 'ENOENT'],
  ['No such file or directory', 'ENOENT'],
  ['must be superuser', 'EPERM'],
  ['peration not permitted', 'EPERM'],
  ['ermission denied', 'EACCES'],
  ['unknown filesystem type', 'ENODEV'],
  ['No such device', 'ENODEV'],
  ['File exists', 'EEXIST'],
  ['No such attribute', 'ENODATA'],
  ['No data available', 'ENODATA'],
  ['peration not supported', 'ENOTSUP'],
  ['Not supported', 'ENOTSUP'],
  ['not mounted', 'EINVAL'],
  ['no mount point specified', 'EINVAL'],
  ['wrong fs type', 'EINVAL'],
  ['bad option', 'EINVAL'],
  ['Invalid argument', 'EINVAL'],
  ['busy', 'EBUSY'],
  ['Not a directory', 'ENOTDIR'],
  ['Is a directory', 'EISDIR'],
  ['Read-only file system', 'EROFS'],
  ['write-protected', 'EROFS'],
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['File name too long', 'ENAMETOOLONG'],
  ['Too many levels of symbolic links', 'ELOOP'],
  ['Too many open files', 'EMFILE'],
  ['Invalid cross-device link', 'EXDEV'],
  ['Numerical result out of range', 'ERANGE'],
  ['Argument list too long', 'E2BIG'],
  ['Bad file descriptor', 'EBADF'],
  ['Cannot allocate memory', 'ENOMEM'],
];
