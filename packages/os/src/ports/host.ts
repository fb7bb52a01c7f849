import type { Future } from '@keelson/process';

/** Names one process for good: a pid is reused, the triple is not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  readonly startTicks: number;
  readonly bootId: string;
}

/** Facts about this machine and its other processes. */
export interface Host {
  readonly effectiveUserId: number;
  readonly effectiveGroupId: number;
  /** OCI names: `linux`, and `amd64`, `arm64`, … */
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
  /** Identity of a live process, `undefined` when there is none (a zombie counts as none). */
  identify(pid: number): Future<ProcessIdentity | undefined>;
  /** Signals only if pid, start time and boot id all still match; false when they do not. */
  signal(process: ProcessIdentity, signal: string): Future<boolean>;
  /** Settles once that process is gone (pidfd or polling). */
  exited(process: ProcessIdentity): Future<void>;
  /** First executable of that name in PATH. */
  findProgram(name: string): Future<string | undefined>;
  /** Whether a process made for it could make any system call, as an init does. A host that does not tell can. */
  hasNativeCalls?(): boolean;
  /** Wall clock in ms since the epoch, for records people read. Never used for ordering. */
  wallClockMs(): number;
}
