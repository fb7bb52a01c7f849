import { readFileSync } from 'node:fs';
import { constants, endianness } from 'node:os';
import { Deferred, Future } from '@keelson/process';
import { fileError, toFileError } from './file-error.js';
import type { FileError } from './ports/files.js';
import type { Host, ProcessIdentity } from './ports/host.js';
import { parseProcessStat } from './process-stat.js';
import { findProgram } from './program-search.js';
import { hasNative } from './system-calls/native.js';
import { signalIf, signalPid } from './system-calls/process-descriptors.js';

/** This machine. Processes are read from /proc, which never blocks, so those answers are ready at once. */
export class LocalHost implements Host {
  readonly effectiveUserId = process.geteuid?.() ?? 0;
  readonly effectiveGroupId = process.getegid?.() ?? 0;
  readonly platform = platform();

  hasNativeCalls(): boolean {
    return hasNative();
  }

  identify(pid: number): Future<ProcessIdentity | undefined> {
    return attempt(() => identify(pid), pid);
  }

  /**
   * @param signal  `SIGTERM`, `TERM`, `SIGRTMIN+3` or a number
   * @throws FileError EINVAL for any other, EPERM
   */
  signal(target: ProcessIdentity, signal: string): Future<boolean> {
    return attempt(() => signalExactly(target, signalNumber(signal)), target.pid);
  }

  /**
   * Looks more rarely the longer the process has lived: at most a tenth of that time late, and never more
   * than a quarter of a second. Waiting does not keep this process alive; discarding the future ends it.
   */
  exited(target: ProcessIdentity): Future<void> {
    const answer = new Deferred<void>();
    const since = performance.now();
    let timer: NodeJS.Timeout | undefined;
    const look = () => {
      if (answer.future.hasDiscard()) return;
      if (!isAlive(target)) return void answer.set(undefined);
      timer = setTimeout(look, Math.min(250, Math.max(2, (performance.now() - since) / 10))).unref();
    };
    answer.future.onDiscard(() => {
      clearTimeout(timer);
      answer.discard();
    });
    look();
    return answer.future;
  }

  findProgram(name: string): Future<string | undefined> {
    return Future.from(findProgram(name));
  }

  wallClockMs(): number {
    return Date.now();
  }
}

function attempt<T>(operation: () => T, pid: number): Future<T> {
  try {
    return Future.ready(operation());
  } catch (error) {
    return Future.failed(toFileError(error, 'read', `/proc/${pid}`));
  }
}

/** A zombie is gone already: only its parent has not looked yet. */
function identify(pid: number): ProcessIdentity | undefined {
  try {
    const { state, startTicks } = parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return state === 'Z' || state === 'X' ? undefined : { pid, startTicks, bootId: bootId() };
  } catch (error) {
    // ESRCH: it ended between open and read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

function isAlive(target: ProcessIdentity): boolean {
  const now = identify(target.pid);
  return now !== undefined && now.startTicks === target.startTicks && now.bootId === target.bootId;
}

function signalExactly(target: ProcessIdentity, signal: number): boolean {
  try {
    return signalIf(target.pid, signal, () => isAlive(target));
  } catch (error) {
    if ((error as FileError).code !== 'ENOSYS') throw error;
    return isAlive(target) && signalPid(target.pid, signal);
  }
}

function signalNumber(signal: string): number {
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RTMIN(?:\+(\d{1,2}))?$/.exec(name);
  const numeric = /^\d{1,2}$/.test(name) ? Number(name) : undefined;
  const number = numeric ?? (realTime ? SIGRTMIN + Number(realTime[1] ?? 0) : signals.get(`SIG${name}`));
  if (number === undefined || number < 1 || number > 64)
    throw fileError('EINVAL', 'kill', signal, 'no such signal');
  return number;
}

/** Nothing of us outlives a boot. */
let bootIdOfNow: string | undefined;

function bootId(): string {
  bootIdOfNow ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return bootIdOfNow;
}

/** Names of OCI image-spec config.md, which are those of Go's GOARCH and GOARM. */
function platform(): Host['platform'] {
  const architecture = architectures[process.arch] ?? process.arch;
  if (architecture !== 'arm') return { os: process.platform, architecture };
  const variables = process.config.variables as { readonly arm_version?: string };
  return { os: process.platform, architecture, variant: `v${variables.arm_version ?? '7'}` };
}

const architectures: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: endianness() === 'LE' ? 'ppc64le' : 'ppc64',
};
const signals = new Map<string, number>(Object.entries(constants.signals));
/** The first that glibc leaves to programs; Node knows no real-time signals by name. */
const SIGRTMIN = 34;
