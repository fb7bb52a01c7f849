import type { ProcessIdentity } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { Future as Futures } from '@keelson/process';
import type { SimulatedFiles } from '@keelson/simulation';
import { SimulatedHost } from '@keelson/simulation';

/** Who waits for a process, and where its exit status goes. */
interface Watched {
  readonly monitor: ProcessIdentity;
  readonly statusPath: string;
  /** The monitor is gone before its time. */
  readonly lost?: boolean;
}

/**
 * A machine whose processes outlive the agent but not a power cut: after a `reboot` the boot id is another one and pids
 * are given out anew, so that a number noted before may name a stranger.
 */
export class Machine extends SimulatedHost {
  override readonly bootId: string;
  #files: SimulatedFiles | undefined;
  readonly #watched = new Map<number, Watched>();
  /** Exit statuses that monitors have not written yet. */
  readonly #unwritten = new Map<Watched, number>();
  readonly #owners = new Map<number, string>();

  constructor(private readonly boot = 1) {
    super();
    this.bootId = `boot-${boot}`;
  }

  /** The power went and came back: no process is left. */
  reboot(): Machine {
    return new Machine(this.boot + 1);
  }

  startFor(owner: string): ProcessIdentity {
    const process = this.start();
    this.#owners.set(process.pid, owner);
    return process;
  }

  watch(process: ProcessIdentity, watched: Watched): void {
    this.#watched.set(process.pid, watched);
  }

  /** Containers, by id, that have a process. */
  get running(): readonly string[] {
    return this.livePids.filter((pid) => this.#watched.has(pid)).map((pid) => this.#owners.get(pid) ?? '?');
  }

  pidOf(owner: string): number | undefined {
    return this.livePids.find((pid) => this.#owners.get(pid) === owner);
  }

  /** What runs for a container, whether or not anybody noted it. */
  startedFor(owner: string): { process?: ProcessIdentity; monitor?: ProcessIdentity } {
    const pid = this.pidOf(owner);
    const monitor = pid === undefined ? undefined : this.#watched.get(pid)?.monitor;
    if (pid === undefined || !monitor) return {};
    return { process: { pid, startTicks: pid, bootId: this.bootId }, monitor };
  }

  /** Monitors write to the disk as the life of now sees it. Those that were at it when the last life ended go on here. */
  use(files: SimulatedFiles): void {
    this.#files = files;
    for (const watched of this.#unwritten.keys()) this.#write(watched);
  }

  /** The monitor of a container is killed; how that ends, nobody will write. */
  loseMonitor(owner: string): void {
    const pid = this.pidOf(owner);
    const watched = pid === undefined ? undefined : this.#watched.get(pid);
    if (pid === undefined || !watched || this.#unwritten.has(watched)) return;
    this.#watched.set(pid, { ...watched, lost: true });
    this.end(watched.monitor.pid);
  }

  /** The process ends; its monitor writes the status and follows. */
  exit(pid: number, exitStatus: number): void {
    const watched = this.#watched.get(pid);
    this.end(pid);
    this.#watched.delete(pid);
    if (!watched || watched.lost) return;
    this.#unwritten.set(watched, exitStatus);
    this.#write(watched);
  }

  #write(watched: Watched): void {
    const text = new TextEncoder().encode(`${this.#unwritten.get(watched)}\n`);
    this.#files?.writeDurably(watched.statusPath, text).onAny(() => {
      this.#unwritten.delete(watched);
      this.end(watched.monitor.pid);
    });
  }

  override signal(process: ProcessIdentity, signal: string): Future<boolean> {
    if (process.bootId !== this.bootId || !this.livePids.includes(process.pid)) return Futures.ready(false);
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.exit(process.pid, signal === 'SIGKILL' ? 137 : 143);
    return Futures.ready(true);
  }

  override exited(process: ProcessIdentity): Future<void> {
    return process.bootId === this.bootId ? super.exited(process) : Futures.ready(undefined);
  }
}
