import type {
  ContainerLimitation,
  IsolatorRequests,
  LaunchContribution,
  LaunchedProcess,
  LauncherName,
  LaunchPlace,
  LaunchRequest,
  NamedLauncher,
  ProcessRecord,
  ProvisionerRequests,
} from '@keelson/containerizer';
import { ContainerizerError } from '@keelson/containerizer';
import type { Host, ProcessIdentity } from '@keelson/os/ports';
import { Deferred, Future } from '@keelson/process';
import type { ImageName, ImageUser, ProvisionerPruneOptions, ProvisionInfo } from '@keelson/provisioner';
import { emptyPruneReport } from '@keelson/store';

/** A machine whose processes live until a test or a signal ends them. */
export class FakeHost implements Host {
  readonly effectiveUserId = 0;
  readonly effectiveGroupId = 0;
  readonly platform = { os: 'linux', architecture: 'amd64' };
  readonly signals: string[] = [];
  readonly #living = new Map<number, { identity: ProcessIdentity; gone: Deferred<void> }>();

  start(pid: number, startTicks = pid * 10): ProcessIdentity {
    const identity = { pid, startTicks, bootId: 'this-boot' };
    this.#living.set(pid, { identity, gone: new Deferred() });
    return identity;
  }

  end(pid: number): void {
    const process = this.#living.get(pid);
    this.#living.delete(pid);
    process?.gone.set(undefined);
  }

  identify(pid: number): Future<ProcessIdentity | undefined> {
    return Future.ready(this.#living.get(pid)?.identity);
  }

  signal({ pid }: ProcessIdentity, signal: string): Future<boolean> {
    this.signals.push(`${signal} ${pid}`);
    return Future.ready(this.#living.has(pid));
  }

  exited({ pid }: ProcessIdentity): Future<void> {
    return this.#living.get(pid)?.gone.future ?? Future.ready(undefined);
  }

  findProgram(): Future<string | undefined> {
    return Future.ready(undefined);
  }

  wallClockMs(): number {
    return 0;
  }
}

/** Provisions at once unless told to wait; remembers what stands. */
export class FakeProvisioner implements ProvisionerRequests {
  readonly calls: string[] = [];
  readonly prunes: { readonly excluded: readonly ImageName[]; readonly users: readonly ImageUser[] }[] = [];
  /** What each prune was told to keep, for whatever reason, each image once. */
  readonly pruned: (readonly ImageName[])[] = [];
  readonly recovered: (readonly string[])[] = [];
  /** Asked for, not yet answered, when `manual`. */
  readonly pending: Deferred<ProvisionInfo>[] = [];
  manual = false;
  failDestroy: Error | undefined;
  failRestore: Error | undefined;
  config: Partial<ProvisionInfo['image']['config']> = { cmd: ['/bin/app'] };

  provision(id: string, image: ImageName): Future<ProvisionInfo> {
    this.calls.push(`provision ${id} ${image.name}`);
    if (!this.manual) return Future.ready(this.info(id, image));
    const deferred = new Deferred<ProvisionInfo>();
    deferred.future.onDiscard(() => {
      this.calls.push(`discard ${id}`);
      deferred.discard();
    });
    this.pending.push(deferred);
    return deferred.future;
  }

  destroy(id: string): Future<boolean> {
    this.calls.push(`destroy ${id}`);
    return this.failDestroy ? Future.failed(this.failDestroy) : Future.ready(true);
  }

  pruneImages(excluded: readonly ImageName[], { users = [] }: ProvisionerPruneOptions = {}) {
    this.prunes.push({ excluded, users });
    const kept = [...excluded, ...users.flatMap(({ images }) => images)];
    this.pruned.push([...new Map(kept.map((image) => [image.name, image])).values()]);
    return Future.ready(emptyPruneReport());
  }

  recover(known: readonly string[]): Future<void> {
    this.calls.push(`recover ${known.join(',')}`);
    this.recovered.push(known);
    return Future.ready(undefined);
  }

  restore(id: string): Future<boolean> {
    this.calls.push(`restore ${id}`);
    return this.failRestore ? Future.failed(this.failRestore) : Future.ready(true);
  }

  info(id: string, image: ImageName): ProvisionInfo {
    const rootfs = `/rootfs/${image.name}`;
    const config = { env: [], entrypoint: [], cmd: [], workingDirectory: '', user: '', ...this.config };
    const facts = {
      rootfsId: 'r',
      backend: 'copy',
      layers: ['base', image.name],
      reference: image.name,
      digest: 'sha256:0',
    };
    const full = { ...facts, containerId: id, rootfs, image: { config }, ephemeralVolumes: [] };
    return full as unknown as ProvisionInfo;
  }
}

/**
 * Starts processes of a FakeHost: the container's first process gets numbers 100, 101, …, its monitor
 * 1000 more.
 */
export class FakeLauncher {
  readonly prepared: LaunchPlace[] = [];
  readonly requests: LaunchRequest[] = [];
  readonly destroyed: string[] = [];
  readonly pending: Deferred<LaunchedProcess>[] = [];
  readonly statuses = new Map<string, Deferred<number | undefined>>();
  manual = false;
  failLaunch: Error | undefined;
  failDestroy: Error | undefined;
  works = true;
  probes = 0;

  constructor(
    private readonly host: FakeHost,
    readonly name: LauncherName = 'linux',
    readonly firstPid = 100,
  ) {}

  get named(): NamedLauncher {
    return { name: this.name, launcher: this };
  }

  probe(): Future<LauncherName> {
    this.probes += 1;
    if (this.works) return Future.ready(this.name);
    return Future.failed(new ContainerizerError('NO_LAUNCHER', `${this.name}: not installed`));
  }

  prepare(place: LaunchPlace): Future<void> {
    this.prepared.push(place);
    return Future.ready(undefined);
  }

  launch(request: LaunchRequest): Future<LaunchedProcess> {
    this.requests.push(request);
    const deferred = new Deferred<LaunchedProcess>();
    this.pending.push(deferred);
    if (this.failLaunch) deferred.fail(this.failLaunch);
    else if (!this.manual) this.start(request.id);
    return deferred.future;
  }

  /** Lets the last launch succeed. */
  start(id: string): void {
    this.startAt(id, this.requests.length - 1);
  }

  /** Lets the launch succeed that was asked for at that place. Once. */
  startAt(id: string, index: number): void {
    const pending = this.pending[index];
    if (!pending?.future.isPending()) return;
    const pid = this.firstPid + index;
    const status = new Deferred<number | undefined>();
    this.statuses.set(id, status);
    const process = this.host.start(pid);
    const monitor = this.host.start(pid + 1000);
    pending.set({ pid, process, monitor, status: status.future });
  }

  exit(id: string, exitStatus: number): void {
    this.statuses.get(id)?.set(exitStatus);
  }

  destroy(id: string, _directory: string, process: ProcessRecord | undefined): Future<void> {
    this.destroyed.push(id);
    if (this.failDestroy) return Future.failed(this.failDestroy);
    if (process && this.statuses.get(id)?.future.isPending()) this.exit(id, 137);
    for (const each of [process?.process, process?.monitor]) if (each) this.host.end(each.pid);
    return Future.ready(undefined);
  }
}

/** Notes what is asked of it in a list shared with others. */
export class FakeIsolator implements IsolatorRequests {
  contribution: LaunchContribution = {};
  failCleanup: Error | undefined;
  explanation: ContainerLimitation | undefined;
  gate: Deferred<LaunchContribution> | undefined;
  readonly limitation = new Deferred<ContainerLimitation>();

  constructor(
    private readonly name: string,
    private readonly calls: string[],
  ) {}

  recover(ids: readonly string[]): Future<void> {
    this.calls.push(`${this.name} recover ${ids.join(',')}`);
    return Future.ready(undefined);
  }

  prepare(id: string): Future<LaunchContribution> {
    this.calls.push(`${this.name} prepare ${id}`);
    return this.gate?.future ?? Future.ready(this.contribution);
  }

  isolate(id: string, pid: number): Future<void> {
    this.calls.push(`${this.name} isolate ${id} ${pid}`);
    return Future.ready(undefined);
  }

  watch(): Future<ContainerLimitation> {
    return this.limitation.future;
  }

  explain(id: string, exitStatus: number | undefined): Future<ContainerLimitation | undefined> {
    this.calls.push(`${this.name} explain ${id} ${exitStatus}`);
    return Future.ready(this.explanation);
  }

  cleanup(id: string): Future<void> {
    this.calls.push(`${this.name} cleanup ${id}`);
    return this.failCleanup ? Future.failed(this.failCleanup) : Future.ready(undefined);
  }
}
