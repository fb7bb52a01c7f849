import type { BytePath } from '../file-error.js';
import { systemCallError } from '../file-error.js';
import { O_CLOEXEC } from '../open-flags.js';
import { FileError } from '../ports/files.js';
import { checked, cString, lastErrno, nativeFunction } from './native.js';

/** A program to start in a session of its own. */
export interface NativeSpawn {
  readonly program: BytePath;
  /** `argv[0]` first. */
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Descriptors of ours that become its 0, 1 and 2. It gets no other. */
  readonly stdio: readonly number[];
}

/**
 * Starts a program without copying this process: posix_spawn(3) shares our memory until the program is there, where
 * Node forks, which for a process of some hundred megabytes takes longer than most containers need to start. Signals
 * are as by default in it, and none is blocked.
 *
 * Whoever calls has to wait for the child (`reapChild`).
 *
 * @returns its pid
 * @throws FileError ENOENT, EACCES, …; ENOSYS where the C library does not offer it
 */
export function spawnDetached({ program, argv, environment, stdio }: NativeSpawn): number {
  const actions = Buffer.alloc(OPAQUE_BYTES);
  const attributes = Buffer.alloc(OPAQUE_BYTES);
  passed(actionsInit(actions), program);
  try {
    passed(attributesInit(attributes), program);
    stdio.forEach((ours, theirs) => passed(addDup(actions, ours, theirs), program));
    closeOthers(actions);
    passed(setSignalDefaults(attributes, Buffer.alloc(SIGSET_BYTES, 0xff)), program);
    passed(setSignalMask(attributes, Buffer.alloc(SIGSET_BYTES)), program);
    passed(setFlags(attributes, SETSIGDEF | SETSIGMASK | SETSID), program);
    const pid = Buffer.alloc(4);
    const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    passed(spawn(pid, cString(program), actions, attributes, [...argv, null], [...variables, null]), program);
    return pid.readInt32LE();
  } finally {
    actionsDestroy(actions);
  }
}

/** pipe2(2): closed on exec, but where one is given to a child as its 0, 1 or 2. */
export function openPipe(): { readonly readEnd: number; readonly writeEnd: number } {
  const ends = Buffer.alloc(8);
  checked(pipe2(ends, O_CLOEXEC), 'pipe', '');
  return { readEnd: ends.readInt32LE(0), writeEnd: ends.readInt32LE(4) };
}

/** How a child ended; `undefined` while it runs. Afterwards its pid may be somebody else's. */
export function reapChild(pid: number): { readonly code: number } | { readonly signal: number } | undefined {
  const status = Buffer.alloc(4);
  const reaped = waitpid(pid, status, WNOHANG);
  if (reaped === 0) return undefined;
  if (reaped < 0) throw systemCallError(lastErrno(), 'waitpid', `/proc/${pid}`);
  // The encoding of wait(2): the signal in the low seven bits, or the exit code above them.
  const value = status.readInt32LE();
  return (value & 0x7f) === 0 ? { code: (value >> 8) & 0xff } : { signal: value & 0x7f };
}

/**
 * What we opened ourselves is closed on exec anyway; this is for what we were started with. Before glibc 2.34 there is
 * no such action.
 */
function closeOthers(actions: Uint8Array): void {
  try {
    addCloseFrom(actions, 3);
  } catch (error) {
    if (!(error instanceof FileError) || error.code !== 'ENOSYS') throw error;
  }
}

/** These functions answer the error number itself. */
function passed(errno: number, program: BytePath): void {
  if (errno !== 0) throw systemCallError(errno, 'spawn', program);
}

/** More than any C library needs for its structures (glibc: 336 and 80 bytes). */
const OPAQUE_BYTES = 512;
const SIGSET_BYTES = 128;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const SETSID = 0x80;
const WNOHANG = 1;

const pointer = 'const void *';
const actionsInit = nativeFunction('posix_spawn_file_actions_init', ['void *']);
const actionsDestroy = nativeFunction('posix_spawn_file_actions_destroy', ['void *']);
const addDup = nativeFunction('posix_spawn_file_actions_adddup2', ['void *', 'int', 'int']);
const addCloseFrom = nativeFunction('posix_spawn_file_actions_addclosefrom_np', ['void *', 'int']);
const attributesInit = nativeFunction('posix_spawnattr_init', ['void *']);
const setFlags = nativeFunction('posix_spawnattr_setflags', ['void *', 'short']);
const setSignalDefaults = nativeFunction('posix_spawnattr_setsigdefault', ['void *', pointer]);
const setSignalMask = nativeFunction('posix_spawnattr_setsigmask', ['void *', pointer]);
const spawn = nativeFunction('posix_spawn', [
  'void *',
  pointer,
  pointer,
  pointer,
  'const char **',
  'const char **',
]);
const pipe2 = nativeFunction('pipe2', ['void *', 'int']);
const waitpid = nativeFunction('waitpid', ['int', 'void *', 'int']);
