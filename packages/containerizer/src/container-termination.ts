import type { ExitStatus } from '@keelson/os/ports';
import { signalName, signalNumber } from './signals.js';

/** How a container ended. All fields are missing for one that never ran. */
export interface ContainerTermination {
  /** As a shell shows it: the exit code, or 128 + n for signal n. Missing when nobody saw the end. */
  readonly exitStatus?: number;
  /**
   * Set when `exitStatus` is 128 + n. An OCI runtime does not tell `exit 137` from SIGKILL, so neither do
   * we.
   */
  readonly signal?: string;
  /** Why it ended, when it was not its own doing. */
  readonly reason?: 'DESTROYED' | 'LAUNCH_FAILED' | 'LIMITATION' | 'UNWATCHED';
  readonly message?: string;
}

/** The termination that an exit status stands for. */
export function terminationOf(exitStatus: number | undefined): ContainerTermination {
  if (exitStatus === undefined) {
    return { reason: 'UNWATCHED', message: 'it ended while nobody watched; its exit status is unknown' };
  }
  const signal = exitStatus > 128 ? signalName(exitStatus - 128) : undefined;
  return signal === undefined ? { exitStatus } : { exitStatus, signal };
}

/** The number a shell would show for `status`: the exit code, or 128 + n. */
export function shellStatus(status: ExitStatus): number {
  return status.exitCode ?? 128 + (signalNumber(status.signal) ?? 0);
}
