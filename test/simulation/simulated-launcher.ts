import type { LaunchedProcess, LaunchRequest, ProcessRecord } from '@keelson/containerizer';
import { Launcher } from '@keelson/containerizer';
import type { ProcessIdentity } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { defer, Future as Futures } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { SimulatedFiles } from '@keelson/simulation';
import type { Machine } from './machine.js';

/**
 * Starts processes in a simulated machine. Each has a monitor of its own, as in production: when the process ends, the
 * monitor puts the exit status on disk, then ends too; both go on when the agent is gone.
 */
export class SimulatedLauncher extends Launcher<SimulatedLauncher> {
  constructor(
    private readonly host: Machine,
    private readonly files: SimulatedFiles,
  ) {
    super('launcher');
  }

  override probe(): Future<'linux'> {
    return Futures.ready('linux');
  }

  override launch(request: LaunchRequest): Future<LaunchedProcess> {
    const path = `${request.runtimeDirectory}/status`;
    // One turn after the request, as a process is never there at once.
    return this.files.status(request.rootfs).then(
      defer(this, (): LaunchedProcess => {
        const process = this.host.startFor(request.id);
        const monitor = this.host.startFor(`monitor of ${request.id}`);
        this.host.watch(process, { monitor, statusPath: path });
        const status = this.host
          .exited(monitor)
          .then(() => this.host.exited(process))
          .then(() => this.files.read(path))
          .then((bytes): number | undefined => Number(new TextDecoder().decode(bytes)))
          .repair(() => undefined);
        return { pid: process.pid, process, monitor, status };
      }),
    );
  }

  /** What was started and never noted is found by its id, as launchers find it by the files they keep. */
  override destroy(id: ContainerId, _directory: string, record: ProcessRecord | undefined): Future<void> {
    const { process, monitor } = record ?? this.host.startedFor(id);
    const killed = process ? this.host.signal(process, 'SIGKILL').then(() => this.host.exited(process)) : Futures.ready();
    return killed.then(() => this.#gone(monitor));
  }

  #gone(monitor: ProcessIdentity | undefined): Future<void> {
    return monitor ? this.host.exited(monitor) : Futures.ready(undefined);
  }
}
