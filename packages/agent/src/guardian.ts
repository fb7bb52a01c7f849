import type { PID } from '@keelson/process';
import { Process } from '@keelson/process';

/**
 * Watches the actors that hold roots in memory. They are never restarted in place, because a fresh one would
 * not know what its predecessor protected: when one is gone the agent stops, and the next start reads
 * everything from disk.
 */
export class Guardian extends Process<Guardian> {
  constructor(
    private readonly guarded: readonly PID<unknown>[],
    private readonly onExit: (reason: Error) => void,
  ) {
    super('guardian');
  }

  protected override initialize(): void {
    for (const pid of this.guarded) this.link(pid);
  }

  protected override exited(pid: PID<unknown>, reason?: Error): void {
    this.onExit(new Error(`${pid.id} is gone${reason ? `: ${reason.message}` : ''}`, { cause: reason }));
  }
}
