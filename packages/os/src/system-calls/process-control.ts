import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { type BytePath } from '../file-error.js';
import { checked, cString, nativeFunction } from './native.js';

/**
 * What a launcher does to itself before it becomes the container's first process. All of it acts on the
 * calling thread or process for good, so it belongs in the main thread of a process made for the purpose:
 * `execve` keeps the privileges of the thread that calls it.
 */

/** Kinds of namespaces for `unshare`, as flags of clone(2). */
export const NamespaceFlag = {
  mount: 0x2_0000,
  cgroup: 0x200_0000,
  hostname: 0x400_0000,
  ipc: 0x800_0000,
  user: 0x1000_0000,
  process: 0x2000_0000,
  network: 0x4000_0000,
} as const;

/**
 * Becomes the program; answers only by throwing. It gets descriptors 0 to 2 and no other: Node marks all it
 * inherits close-on-exec at its start (`uv_disable_stdio_inheritance`), these three included, so they are
 * unmarked.
 */
export function execve(
  path: string,
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
): never {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  for (const descriptor of [0, 1, 2]) fcntl(descriptor, F_SETFD, 0);
  checked(execveFunction(cString(path), [...argv, null], [...variables, null]), 'execve', path);
  throw new Error('execve answered without an error');
}

/** From here on no exec can gain privileges (setuid bits, file capabilities). */
export function setNoNewPrivileges(): void {
  checked(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'prctl', 'PR_SET_NO_NEW_PRIVS');
}

/** Removes every capability but `keep` (numbers of capability.h) from the bounding set of this thread. */
export function dropBoundingCapabilities(keep: readonly number[]): void {
  for (let capability = 0; capability <= lastCapability(); capability++) {
    if (keep.includes(capability)) continue;
    checked(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), 'prctl', `PR_CAPBSET_DROP ${capability}`);
  }
}

/** Sets what this thread may do to `keep`, with nothing inheritable and nothing ambient. */
export function setCapabilities(keep: readonly number[]): void {
  checked(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), 'prctl', 'PR_CAP_AMBIENT');
  const header = Buffer.alloc(8);
  header.writeUInt32LE(CAPABILITY_VERSION_3, 0);
  const sets = Buffer.alloc(24);
  for (const capability of keep) {
    const half = (capability >> 5) * 12;
    const bit = (1 << (capability & 31)) >>> 0;
    for (const set of [half, half + 4]) sets.writeUInt32LE((sets.readUInt32LE(set) | bit) >>> 0, set);
  }
  checked(capset(header, sets), 'capset', 'this thread');
}

/** Keeps the permitted capabilities when the user id changes from 0 (PR_SET_KEEPCAPS); execve resets it. */
export function keepCapabilitiesOnUserChange(): void {
  checked(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 'prctl', 'PR_SET_KEEPCAPS');
}

/** Replaces the supplementary groups. Numbers alone: no look-up in any group file. */
export function setGroups(groups: readonly number[]): void {
  const list = Uint32Array.from(groups);
  checked(setgroups(list.length, new Uint8Array(list.buffer)), 'setgroups', groups.join(','));
}

/**
 * Sets the real, effective and saved group, then user id. In this order: without the user id of root it
 * cannot go on.
 */
export function setUser(userId: number, groupId: number): void {
  checked(setresgid(groupId, groupId, groupId), 'setresgid', String(groupId));
  checked(setresuid(userId, userId, userId), 'setresuid', String(userId));
}

/** Names the host, in this process's namespace of host names. */
export function setHostname(name: string): void {
  const bytes = Buffer.from(name);
  checked(sethostname(bytes, bytes.length), 'sethostname', name);
}

/**
 * Every signal back to its default action and none blocked: Node ignores SIGPIPE, and exec would hand that
 * on.
 */
export function resetSignals(): void {
  for (const signal of Object.values(constants.signals)) {
    if (signal !== constants.signals.SIGKILL && signal !== constants.signals.SIGSTOP)
      signalFunction(signal, null);
  }
  checked(sigprocmask(SIG_SETMASK, Buffer.alloc(128), null), 'sigprocmask', 'SIG_SETMASK');
}

/** The kernel sends `signal` when the thread that made this process ends. 0 turns it off. */
export function setParentDeathSignal(signal: number): void {
  checked(prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0), 'prctl', 'PR_SET_PDEATHSIG');
}

/** A session and process group of its own. Answers its id. */
export function makeSession(): number {
  return checked(setsid(), 'setsid', 'this process');
}

/** chroot(2); the working directory stays where it is. */
export function changeRoot(path: BytePath): void {
  checked(chroot(cString(path)), 'chroot', path);
}

/** Moves into new namespaces (`NamespaceFlag`s, or-ed). A process namespace holds for children only. */
export function unshare(flags: number): void {
  checked(unshareFunction(flags), 'unshare', `0x${flags.toString(16)}`);
}

/** Joins the namespace behind an open `/proc/PID/ns/...` file. */
export function joinNamespace(descriptor: number, flag: number): void {
  checked(setns(descriptor, flag), 'setns', `descriptor ${descriptor}`);
}

function lastCapability(): number {
  return Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8'));
}

const PR_SET_PDEATHSIG = 1;
const PR_SET_KEEPCAPS = 8;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
const CAPABILITY_VERSION_3 = 0x2008_0522;
const SIG_SETMASK = 2;
const F_SETFD = 2;

const fcntl = nativeFunction('fcntl', ['int', 'int', 'int']);
const execveFunction = nativeFunction('execve', ['const void *', 'const char **', 'const char **']);
const prctl = nativeFunction('prctl', ['int', 'ulong', 'ulong', 'ulong', 'ulong']);
const capset = nativeFunction('capset', ['const void *', 'const void *']);
const setgroups = nativeFunction('setgroups', ['size_t', 'const void *']);
const setresgid = nativeFunction('setresgid', ['uint', 'uint', 'uint']);
const setresuid = nativeFunction('setresuid', ['uint', 'uint', 'uint']);
const sethostname = nativeFunction('sethostname', ['const void *', 'size_t']);
const signalFunction = nativeFunction('signal', ['int', 'void *'], 'long');
const sigprocmask = nativeFunction('sigprocmask', ['int', 'const void *', 'void *']);
const setsid = nativeFunction('setsid', []);
const chroot = nativeFunction('chroot', ['const void *']);
const unshareFunction = nativeFunction('unshare', ['int']);
const setns = nativeFunction('setns', ['int', 'int']);
