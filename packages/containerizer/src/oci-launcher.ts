import type { Child, RunResult } from '@keelson/os/ports';
import { collect, defer, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { ProcessLimits } from './capabilities.js';
import { processLimits } from './capabilities.js';
import { ContainerizerError } from './containerizer-error.js';
import { endProcess } from './end-process.js';
import type { LaunchedProcess, LaunchPlace, LaunchRequest, ProcessRecord } from './launcher.js';
import { Launcher } from './launcher.js';
import type { HiddenMount, LauncherTools, MonitoredCommand } from './monitored-process.js';
import { launcherEnvironment, launcherFiles, monitorWrote, startMonitor, startMonitored } from './monitored-process.js';
import type { OciHost } from './oci-spec.js';
import { ociSpec } from './oci-spec.js';
import { runtimeAdvisory } from './runtime-advisory.js';

export type OciRuntimeName = 'crun' | 'runc';

export interface OciLauncherOptions extends LauncherTools {
  /** A folder of our own in which the runtime is tried out. */
  readonly probeDirectory: string;
}

/** An OCI runtime that was seen to work, and how. */
interface WorkingRuntime {
  readonly program: string;
  /** What it must not see in order to work. */
  readonly hidden?: HiddenMount;
  readonly limits: ProcessLimits;
}

/** Where systemd's hybrid layout mounts an empty cgroup v2 tree that crun 1.8 refuses to live beside. */
const hybridCgroup = '/sys/fs/cgroup/unified';

/**
 * A name no image has: a runtime that gets as far as not finding it can make namespaces, mounts and
 * cgroups here.
 */
const probeCommand = '/keelson-probe';

/**
 * Launches containers through an OCI runtime. Each container has a runtime state folder of its own, below
 * its runtime folder, so two agents on one machine cannot meet.
 */
export class OciLauncher extends Launcher<OciLauncher> {
  #runtime: Future<WorkingRuntime> | undefined;
  /** Monitors that wait for their launch. */
  readonly #waiting = new Map<ContainerId, Child>();

  constructor(
    private readonly runtime: OciRuntimeName,
    private readonly options: OciLauncherOptions,
  ) {
    super(`launcher-${runtime}`);
  }

  override probe(): Future<OciRuntimeName> {
    return this.#working().then(() => this.runtime);
  }

  /**
   * Starts the monitor, which takes some milliseconds, and has it wait: what it will call does not depend on the image.
   * If it cannot be started now, `launch` will tell. One that hands our own input on has none to wait for, and one with
   * mounts of its own would not see those that the host gets until the launch.
   */
  override prepare(place: LaunchPlace): Future<void> {
    return this.#working()
      .then(defer(this, this.#prepare, place))
      .repair(() => undefined);
  }

  #prepare(place: LaunchPlace, runtime: WorkingRuntime): Future<void> | undefined {
    if (!place.stdio || runtime.hidden) return undefined;
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
    const spec = ociSpec(request, this.#host(runtime.limits));
    const { runtimeDirectory } = request;
    return this.#writeBundle(launcherFiles(runtimeDirectory).directory, spec).then(
      defer(this, () => startMonitored(this.options, runtimeDirectory, () => this.#start(request, runtime))),
    );
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

  #writeBundle(directory: string, spec: object): Future<void> {
    const { files } = this.options;
    return files
      .makeDirectory(directory, { mode: 0o700 })
      .then(() => files.write(`${directory}/config.json`, new TextEncoder().encode(JSON.stringify(spec))));
  }

  #host(limits: ProcessLimits): OciHost {
    const { effectiveUserId: uid, effectiveGroupId: gid } = this.options.host;
    return uid === 0 ? { limits } : { limits, rootless: { uid, gid } };
  }

  /** Found and tried out once, however many ask; a failure is kept too. */
  #working(): Future<WorkingRuntime> {
    this.#runtime ??= this.options.host
      .findProgram(this.runtime)
      .then(defer(this, this.#tryOut))
      .undiscardable();
    return this.#runtime;
  }

  #tryOut(program: string | undefined): Future<WorkingRuntime> {
    if (program === undefined)
      throw new ContainerizerError('NO_LAUNCHER', `${this.runtime}: not installed`);
    const { files, host } = this.options;
    return collect([this.#read('/proc/self/status'), this.#read('/proc/self/limits')]).then(
      ([status, limits]) => {
        const plain = { program, limits: processLimits(status!, limits!) };
        return collect([files.status(hybridCgroup), host.findProgram('unshare')]).then(([hybrid, unshare]) => {
          if (!hybrid || unshare === undefined) return this.#tryEach([plain]);
          return this.#tryEach([plain, { ...plain, hidden: { unshare, path: hybridCgroup } }]);
        });
      },
    );
  }

  /** The plain way comes first. */
  #tryEach([runtime, ...rest]: readonly WorkingRuntime[]): Future<WorkingRuntime> {
    return this.#tryRun(runtime!).then((result): WorkingRuntime | Future<WorkingRuntime> => {
      if (result.stderr.includes(probeCommand)) return runtime!;
      if (rest.length > 0) return this.#tryEach(rest);
      const said = result.stderr.trim().split('\n').at(-1) ?? '';
      throw new ContainerizerError('NO_LAUNCHER', `${this.runtime}: does not work here: ${said}`);
    });
  }

  #tryRun(runtime: WorkingRuntime): Future<RunResult> {
    const runtimeDirectory = `${this.options.probeDirectory}/${this.runtime}`;
    const rootfs = `${runtimeDirectory}/rootfs`;
    const id = 'probe';
    const spec = ociSpec(probeRequest(id, runtimeDirectory, rootfs), this.#host(runtime.limits));
    const { directory } = launcherFiles(runtimeDirectory);
    return this.options.files
      .makeDirectory(rootfs, { mode: 0o755 })
      .then(() => this.#writeBundle(directory, spec))
      .then(() => {
        const argv = [...prefixOf(runtime), ...runArguments(id, runtimeDirectory)];
        return this.options.subprocesses.run({
          argv,
          environment: launcherEnvironment,
          timeoutMs: 20_000,
        });
      });
  }

  #read(path: string): Future<string> {
    return this.options.files
      .read(path, { maxBytes: 1 << 16 })
      .then((bytes) => new TextDecoder().decode(bytes));
  }
}

function runCommand({ program, hidden }: WorkingRuntime, { id, runtimeDirectory }: LaunchPlace): MonitoredCommand {
  return { argv: [program, ...runArguments(id, runtimeDirectory)], ...(hidden && { hidden }) };
}

/** The same for crun and runc. */
function runArguments(id: ContainerId, runtimeDirectory: string): string[] {
  const { directory, log, pid, state } = launcherFiles(runtimeDirectory);
  return ['--root', state, '--log', log, 'run', '--bundle', directory, '--pid-file', pid, id];
}

/** The words before its arguments, where it runs without a monitor. */
function prefixOf({ program, hidden }: WorkingRuntime): readonly string[] {
  if (!hidden) return [program];
  return [hidden.unshare, '--mount', '/bin/sh', '-c', 'umount "$0" && exec "$@"', hidden.path, program];
}

function probeRequest(id: ContainerId, runtimeDirectory: string, rootfs: string) {
  return {
    id,
    runtimeDirectory,
    rootfs,
    argv: [probeCommand],
    environment: { PATH: '/bin' },
    workingDirectory: '/',
    user: { uid: 0, gid: 0, additionalGids: [] },
    hostname: id,
    mounts: [],
    network: 'host' as const,
  };
}
