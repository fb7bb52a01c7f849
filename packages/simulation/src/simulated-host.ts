import type { Host, ProcessIdentity } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { Deferred, Future as Futures } from '@keelson/process';

/**
 * A machine without a machine: its processes are entries of a table that tests add and end. It outlives a
 * crash of the agent, as a real machine does.
 */
export class SimulatedHost implements Host {
  readonly effectiveUserId = 0;
  readonly effectiveGroupId = 0;
  readonly platform = { os: 'linux', architecture: 'amd64' };
  readonly bootId: string = 'simulated-boot';
  readonly #live = new Map<number, Deferred<void>>();
  #nextPid = 1_000;

  /** Starts a process that runs until `end`. */
  start(): ProcessIdentity {
    const pid = this.#nextPid;
    this.#nextPid += 1;
    this.#live.set(pid, new Deferred<void>());
    return this.#identityOf(pid);
  }

  /** Ends a process; false when there is none of that number. */
  end(pid: number): boolean {
    const exit = this.#live.get(pid);
    this.#live.delete(pid);
    return exit?.set(undefined) ?? false;
  }

  get livePids(): readonly number[] {
    return [...this.#live.keys()];
  }

  identify(pid: number): Future<ProcessIdentity | undefined> {
    return Futures.ready(this.#live.has(pid) ? this.#identityOf(pid) : undefined);
  }

  signal(process: ProcessIdentity, signal: string): Future<boolean> {
    if (!this.#live.has(process.pid)) return Futures.ready(false);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.end(process.pid);
    return Futures.ready(true);
  }

  exited(process: ProcessIdentity): Future<void> {
    return this.#live.get(process.pid)?.future ?? Futures.ready(undefined);
  }

  findProgram(): Future<string | undefined> {
    return Futures.ready(undefined);
  }

  wallClockMs(): number {
    return 0;
  }

  #identityOf(pid: number): ProcessIdentity {
    return { pid, startTicks: pid, bootId: this.bootId };
  }
}
