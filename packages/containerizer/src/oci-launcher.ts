import type { Child } from '@keelson/os/ports';
import { defer, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { ContainerizerError } from './containerizer-error.js';
import { endProcess } from './end-process.js';
import type { LaunchedProcess, LaunchPlace, LaunchRequest, ProcessRecord } from './launcher.js';
import { Launcher } from './launcher.js';
import type { MonitoredCommand } from './monitored-process.js';
import { launcherEnvironment, launcherFiles, monitorWrote, startMonitor, startMonitored } from './monitored-process.js';
import { type OciRuntimeName, prefixOf, runArguments, type WorkingRuntime, writeBundle } from './oci-runtime.js';
import { runtimeAdvisory } from './runtime-advisory.js';
import { RuntimeTrial, type RuntimeTrialOptions } from './runtime-trial.js';

export type OciLauncherOptions = RuntimeTrialOptions;

/**
 * Launches containers through an OCI runtime. Each container has a runtime state folder of its own, below
 * its runtime folder, so two agents on one machine cannot meet.
 */
export class OciLauncher extends Launcher<OciLauncher> {
  #runtime: Future<WorkingRuntime> | undefined;
  /** Monitors that wait for their launch. */
  readonly #waiting = new Map<ContainerId, Child>();
  readonly #trial: RuntimeTrial;

  constructor(
    private readonly runtime: OciRuntimeName,
    private readonly options: OciLauncherOptions,
  ) {
    super(`launcher-${runtime}`);
    this.#trial = new RuntimeTrial(runtime, options);
  }

  override probe(): Future<OciRuntimeName> {
    return this.#working().then(() => this.runtime);
  }

  /**
   * Starts the monitor, which takes some milliseconds, and has it wait: what it will call does not depend on the image.
   * If it cannot be started now, `launch` will tell. One whose container has an input cannot wait at its own, and one
   * with mounts of its own would not see those that the host gets until the launch.
   */
  override prepare(place: LaunchPlace): Future<void> {
    return this.#working()
      .then(defer(this, this.#prepare, place))
      .repair(() => undefined);
  }

  #prepare(place: LaunchPlace, runtime: WorkingRuntime): Future<void> | undefined {
    if (!place.stdio || place.stdio.stdin !== undefined || runtime.hidden) return undefined;
    return startMonitor(this.options, runCommand(runtime, place), place, { waits: true }).then(
      defer(this, (monitor: Child) => void this.#waiting.set(place.id, monitor)),
    );
  }

  override launch(request: LaunchRequest): Future<LaunchedProcess> {
    return this.#working().then(defer(this, this.#launch, request));
  }

  override destroy(
    id: ContainerId,
    runtimeDirectory: string,
    process: ProcessRecord | undefined,
  ): Future<void> {
    return this.#endWaiting(id)
      .then(() => endProcess(this.options.host, process))
      .then(defer(this, this.#deleteState, id, runtimeDirectory, process));
  }

  protected override finalize(): void {
    for (const monitor of this.#waiting.values()) monitor.stdin?.end();
  }

  #endWaiting(id: ContainerId): Future<unknown> {
    const monitor = this.#waiting.get(id);
    if (!monitor) return Future.ready(undefined);
    this.#waiting.delete(id);
    monitor.stdin?.end();
    monitor.kill('SIGKILL');
    return monitor.status;
  }

  /** What speaks against this version of the runtime, `undefined` when nothing is known. */
  advisory(): Future<string | undefined> {
    const { host, subprocesses } = this.options;
    return host.findProgram(this.runtime).then((program): Future<string | undefined> => {
      if (program === undefined) return Future.ready(undefined);
      return subprocesses
        .run({ argv: [program, '--version'], environment: launcherEnvironment, timeoutMs: 20_000 })
        .then(({ stdout }) => runtimeAdvisory(this.runtime, stdout));
    });
  }

  #launch(request: LaunchRequest, runtime: WorkingRuntime): Future<LaunchedProcess> {
    const started = (): Future<LaunchedProcess> =>
      startMonitored(this.options, request.runtimeDirectory, () => this.#start(request, runtime));
    return writeBundle(this.options, request, runtime.limits)
      .then(defer(this, started))
      .repair(defer(this, this.#failed));
  }

  /** A runtime that was only believed to work is tried out before it launches another. */
  #failed(launch: Future<LaunchedProcess>): Future<LaunchedProcess> {
    const { code } = launch.failure() as Partial<ContainerizerError>;
    if (code !== 'LAUNCH_FAILED' || !this.#trial.isBelieved) return launch;
    this.#runtime = undefined;
    return this.#trial
      .forget()
      .recover(() => {})
      .then(() => launch);
  }

  #start(request: LaunchRequest, runtime: WorkingRuntime): Future<Child> {
    const waiting = this.#waiting.get(request.id);
    this.#waiting.delete(request.id);
    if (!waiting?.status.isPending()) {
      return startMonitor(this.options, runCommand(runtime, request), request, { waits: false });
    }
    waiting.stdin?.end('\n');
    return Future.ready(waiting);
  }

  /** What a runtime leaves when it was itself killed: its state, and an empty cgroup. */
  #deleteState(
    id: ContainerId,
    runtimeDirectory: string,
    process: ProcessRecord | undefined,
  ): Future<void> {
    const { files } = this.options;
    const { state } = launcherFiles(runtimeDirectory);
    return files.status(`${state}/${id}`).then((found): void | Future<void> => {
      if (!found) return undefined;
      const deleted = this.#working().then(defer(this, this.#delete, id, state));
      return process ? deleted : deleted.then(() => monitorWrote(files, runtimeDirectory));
    });
  }

  /** The container's own supervisor may delete the state under our feet: what counts is that it is gone. */
  #delete(id: ContainerId, state: string, runtime: WorkingRuntime): Future<void> {
    const { files, subprocesses } = this.options;
    const argv = [...prefixOf(runtime), '--root', state, 'delete', '--force', id];
    return subprocesses
      .run({ argv, environment: launcherEnvironment, timeoutMs: 30_000 })
      .then(({ stderr }) =>
        files.status(`${state}/${id}`).then((left) => {
          if (!left) return;
          const why = stderr.trim();
          throw new ContainerizerError('DESTROY_FAILED', `${this.runtime} cannot delete '${id}': ${why}`);
        }),
      );
  }

  /** Found and tried out once, however many ask; a failure is kept too. */
  #working(): Future<WorkingRuntime> {
    this.#runtime ??= this.#trial.run().undiscardable();
    return this.#runtime;
  }
}

function runCommand({ program, hidden }: WorkingRuntime, { id, runtimeDirectory }: LaunchPlace): MonitoredCommand {
  return { argv: [program, ...runArguments(id, runtimeDirectory)], ...(hidden && { hidden }) };
}
