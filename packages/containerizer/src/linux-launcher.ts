import { fileURLToPath } from 'node:url';
import type { Future } from '@keelson/process';
import { collect, defer } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { processLimits } from './capabilities.js';
import { ContainerizerError, messageOf } from './containerizer-error.js';
import { endProcess } from './end-process.js';
import type { LaunchedProcess, LaunchRequest, ProcessRecord } from './launcher.js';
import { Launcher } from './launcher.js';
import type { LinuxInitPlan } from './linux-init-plan.js';
import type { LauncherTools } from './monitored-process.js';
import { launcherEnvironment, launcherFiles, monitorWrote, startMonitor, startMonitored } from './monitored-process.js';

export interface LinuxLauncherOptions extends LauncherTools {
  /** The Node that runs the init script; ours unless given. */
  readonly nodeProgram?: string;
}

/**
 * Forks the first process of the new process namespace and passes its status on. `unshare --fork` would
 * do, but it ends with 1 for a child killed by SIGKILL (util-linux 2.38 cannot take that signal on
 * itself). What the shell has to say about killed children stays out of the container's output.
 */
const forkScript = 'exec 3>&2 2>/dev/null; "$@" 2>&3 3>&-; exit $?';

const ownNamespaces = ['--ipc', '--uts'];

/** New namespaces, but for those of the process it joins. */
function namespaceCommand({ network, joins }: LaunchRequest, unshare: readonly string[]): readonly string[] {
  if (joins) return ['nsenter', '--target', String(joins.pid), '--net', '--ipc', '--uts', ...unshare];
  return [...unshare, ...ownNamespaces, ...(network === 'none' ? ['--net'] : [])];
}

const initScript = fileURLToPath(new URL('./linux-init.js', import.meta.url));

/**
 * Launches containers with namespaces alone, for machines without an OCI runtime: util-linux `unshare`
 * makes them, and a script of ours sets them up from the inside and becomes the container's first
 * process.
 *
 * As root, or in a user namespace in which whoever runs the agent is root.
 */
export class LinuxLauncher extends Launcher<LinuxLauncher> {
  #unshare: Future<readonly string[]> | undefined;

  constructor(private readonly options: LinuxLauncherOptions) {
    super('launcher-linux');
  }

  override probe(): Future<'linux'> {
    return this.#working().then(() => 'linux' as const);
  }

  override launch(request: LaunchRequest): Future<LaunchedProcess> {
    return this.#working().then(defer(this, this.#launch, request));
  }

  /** Where the agent could not note the process any more, its own note is found: it identifies itself. */
  override destroy(
    _id: ContainerId,
    runtimeDirectory: string,
    process: ProcessRecord | undefined,
  ): Future<void> {
    const { host, files } = this.options;
    if (process) return endProcess(host, process);
    return files
      .read(launcherFiles(runtimeDirectory).pid, { maxBytes: 128 })
      .then((bytes) => parseIdentity(new TextDecoder().decode(bytes)))
      .repair(() => undefined)
      .then((found): void | Future<void> => {
        if (!found) return undefined;
        return endProcess(host, found).then(() => monitorWrote(files, runtimeDirectory));
      });
  }

  #launch(request: LaunchRequest, unshare: readonly string[]): Future<LaunchedProcess> {
    const { directory } = launcherFiles(request.runtimeDirectory);
    const planPath = `${directory}/plan.json`;
    const init = [this.options.nodeProgram ?? process.execPath, initScript, planPath];
    const argv = [...namespaceCommand(request, unshare), '/bin/sh', '-c', forkScript, 'fork', ...init];
    const { files } = this.options;
    return files
      .makeDirectory(directory, { mode: 0o700 })
      .then(defer(this, this.#plan, request))
      .then((plan) => files.write(planPath, new TextEncoder().encode(JSON.stringify(plan))))
      .then(() => {
        const start = () => startMonitor(this.options, { argv }, request, { waits: false });
        return startMonitored(this.options, request.runtimeDirectory, start);
      });
  }

  #plan(request: LaunchRequest): Future<LinuxInitPlan> {
    const read = (path: string) =>
      this.options.files.read(path).then((bytes) => new TextDecoder().decode(bytes));
    return collect([read('/proc/self/status'), read('/proc/self/limits')]).then(([status, limits]) => ({
      ...request,
      capabilities: processLimits(status!, limits!).capabilities,
      inUserNamespace: this.options.host.effectiveUserId !== 0,
    }));
  }

  /** The `unshare` call that works here, tried out once; a failure is kept too. */
  #working(): Future<readonly string[]> {
    this.#unshare ??= this.options.host
      .findProgram('unshare')
      .then(defer(this, this.#tryOut))
      .undiscardable();
    return this.#unshare;
  }

  #tryOut(program: string | undefined): Future<readonly string[]> {
    if (program === undefined) {
      throw new ContainerizerError('NO_LAUNCHER', 'linux: `unshare` of util-linux is not installed');
    }
    if (this.options.host.hasNativeCalls?.() === false) {
      throw new ContainerizerError('NO_LAUNCHER', 'linux: its init makes system calls, for which koffi is missing');
    }
    const user = this.options.host.effectiveUserId === 0 ? [] : ['--user', '--map-root-user'];
    const unshare = [program, ...user, '--pid', '--mount'];
    return this.options.subprocesses
      .run({
        argv: [...unshare, ...ownNamespaces, 'true'],
        environment: launcherEnvironment,
        timeoutMs: 20_000,
      })
      .then(({ status, stderr }) => {
        if (status.exitCode === 0) return unshare;
        throw new ContainerizerError('NO_LAUNCHER', `linux: no namespaces for this user: ${stderr.trim()}`);
      })
      .repair((failed) => {
        const error = failed.failure();
        if (error instanceof ContainerizerError) throw error;
        throw new ContainerizerError('NO_LAUNCHER', `linux: ${messageOf(error)}`, { cause: error });
      });
  }
}

/** Reads `pid startTicks bootId`, as the init script writes it. */
function parseIdentity(text: string): ProcessRecord | undefined {
  const [, pid, startTicks, bootId] = /^(\d+) (\d+) (\S+)\n$/.exec(text) ?? [];
  if (pid === undefined || bootId === undefined) return undefined;
  return { pid: Number(pid), process: { pid: Number(pid), startTicks: Number(startTicks), bootId } };
}
