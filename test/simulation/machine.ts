import type { ProcessIdentity } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { Future as Futures } from '@keelson/process';
import { SimulatedHost } from '@keelson/simulation';

/**
 * A machine whose processes outlive the agent but not a power cut: after a `reboot` the boot id is another one and pids
 * are given out anew, so that a number noted before may name a stranger.
 */
export class Machine extends SimulatedHost {
  override readonly bootId: string;
  /** Told before a process ends by a signal, as the monitor that waits for it is. */
  onKilled: ((process: ProcessIdentity) => void) | undefined;
  /** Signals sent to processes that are not the ones meant. */
  readonly strayed: ProcessIdentity[] = [];

  constructor(private readonly boot = 1) {
    super();
    this.bootId = `boot-${boot}`;
  }

  reboot(): Machine {
    return new Machine(this.boot + 1);
  }

  override signal(process: ProcessIdentity, signal: string): Future<boolean> {
    if (process.bootId !== this.bootId || !this.livePids.includes(process.pid)) {
      if (process.bootId !== this.bootId) this.strayed.push(process);
      return Futures.ready(false);
    }
    if (signal === 'SIGKILL' || signal === 'SIGTERM') {
      this.onKilled?.(process);
      this.end(process.pid);
    }
    return Futures.ready(true);
  }

  override exited(process: ProcessIdentity): Future<void> {
    return process.bootId === this.bootId ? super.exited(process) : Futures.ready(undefined);
  }
}
