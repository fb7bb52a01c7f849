import { createHash } from 'node:crypto';
import type { ContainerInfo, ContainerizerPid, Logger } from '@keelson/containerizer';
import {
  CgroupIsolator,
  ComposingContainerizer,
  ContainerPaths,
  DockerContainerizer,
  LinuxLauncher,
  MesosContainerizer,
  NetworkFilesIsolator,
  OciLauncher,
} from '@keelson/containerizer';
import type { Inspect, KeelsonInspector } from '@keelson/inspector';
import type { HeldFileLock, Host } from '@keelson/os/ports';
import type { Clock, Metric, PID, Runtime } from '@keelson/process';
import { awaitAll, Future, Metrics, PullGauge } from '@keelson/process';
import type { CreatedBackends } from '@keelson/provisioner';
import { chooseBackend, createBackends, Provisioner, ProvisionerPaths } from '@keelson/provisioner';
import type { PruneOptions, PruneReport, RegistryAccess, SweepFailure } from '@keelson/store';
import {
  ArchivePuller,
  DockerStore,
  LayoutPuller,
  MetadataManager,
  PullerRouter,
  RegistryPuller,
  StorePaths,
  Sweeper,
} from '@keelson/store';
import { makeDirectories } from './agent-directories.js';
import type { UndatedAgentEvent } from './agent-event.js';
import type { AgentSettings } from './agent-options.js';
import type { RecoveryPhase } from './agent-state.js';
import { Guardian } from './guardian.js';
import type { HostPorts } from './host-ports.js';
import { closeHostPorts, observedPorts, openHostPorts } from './host-ports.js';
import type { ImageCollector } from './image-collector.js';
import { recordPrune, spawnImageCollector } from './image-gc-wiring.js';
import { loggerFor } from './log-entry.js';
import type { RegistryLogin } from './registry-login.js';
import { accessFor, ownAccess } from './registry-login.js';
import { acquireStoreLock } from './store-lock.js';

interface MachinePruneOptions extends PruneOptions {
  /** Answer after the sweep. */
  readonly wait: boolean;
}

/** A started agent from the inside: its actors, and what must be closed with it. */
export interface Machine {
  /** Resolved. */
  readonly root: string;
  readonly store: PID<DockerStore>;
  readonly metadata: PID<MetadataManager>;
  readonly provisioner: PID<Provisioner>;
  readonly containerizer: ContainerizerPid;
  readonly collector: PID<ImageCollector>;
  /** By Mesos's names where Mesos measures the same. */
  readonly metrics: Metrics;
  readonly host: Host;
  /** Whose credentials a pull of `reference` shows with that login; nothing where they are the agent's own. */
  access(reference: string, login: RegistryLogin): RegistryAccess | undefined;
  prune(exclude: readonly string[], options: MachinePruneOptions): Future<PruneReport>;
  /** Finishes the sweep, ends the actors, then gives the lock back. */
  close(): Future<void>;
}

/** Who wants to know what becomes of a machine. */
export interface MachineOwner {
  /** One of the actors that hold roots is gone. */
  readonly onStopped: (reason: Error) => void;
  /** What recovery is at, each time it comes further. */
  readonly onPhase: (phase: RecoveryPhase) => void;
  readonly tell: (event: UndatedAgentEvent) => void;
  /** Whether it is closed already: then it does not wait for the store. */
  readonly isGivenUp: () => boolean;
  /** Told of jobs and of the machines of containers. */
  readonly inspector: Pick<KeelsonInspector, 'inspect' | 'recorder'>;
}

/** Makes the directories, takes the lock, spawns the actors bottom-up and lets them recover. */
export function openMachine(
  settings: AgentSettings,
  runtime: Runtime,
  clock: Clock,
  owner: MachineOwner,
): Future<Machine> {
  const ports = observedPorts(openHostPorts(settings), owner.inspector.recorder);
  const { lockTimeoutMs: timeoutMs, onLockWait: onWait } = settings;
  return makeDirectories(ports.files, settings.root, (root) => new StorePaths(root).directories())
    .then((root) => {
      const path = new StorePaths(root).lock;
      const { isGivenUp } = owner;
      const wanted = { locks: ports.locks, path, timeoutMs, runtime, clock, onWait, isGivenUp };
      return acquireStoreLock(wanted).then((lock) => {
        settings.onOwned(root);
        return new Wiring(settings, runtime, clock, ports, root, lock, owner.inspector.inspect).open(owner);
      });
    })
    .repair((failed) => closeAll(runtime, ports).then(() => failed));
}

/** Builds the actors of one agent. Who is below is spawned first, and handed up as a PID. */
class Wiring {
  readonly #logger: Logger;
  readonly #warn: (message: string) => void;
  readonly #metrics: Metrics;
  #collector: PID<ImageCollector> | undefined;

  constructor(
    private readonly settings: AgentSettings,
    private readonly runtime: Runtime,
    private readonly clock: Clock,
    private readonly ports: HostPorts,
    private readonly root: string,
    private readonly lock: HeldFileLock,
    private readonly inspect: Inspect,
  ) {
    this.#logger = loggerFor(settings.log);
    this.#warn = (message) => this.#logger.warn(message);
    this.#metrics = new Metrics({ runtime });
  }

  open({ onStopped, onPhase, tell }: MachineOwner): Future<Machine> {
    const { root, ports, runtime, lock } = this;
    const { store, metadata, sweeper } = this.#store(() => onPhase('STORE'));
    onPhase('BACKENDS');
    return this.#provisioner(store)
      .then((provisioner) => {
        const containerizer = this.#containerizer(provisioner);
        runtime.spawn(new Guardian([store, provisioner, containerizer], onStopped));
        onPhase('CONTAINERS');
        // The containers that are known first, then the provisioner, then the store: until all three know
        // what is needed nothing may be pruned (T3).
        return containerizer.recover().then((): Machine => {
          const collector = this.#collectImages(store, containerizer, tell);
          return {
            root,
            store,
            metadata,
            provisioner,
            containerizer,
            collector,
            metrics: this.#metrics,
            host: ports.host,
            access: (reference, login) => accessFor(ports, reference, login),
            prune: (exclude, options) =>
              this.#prune(containerizer, sweeper, exclude, options).onReady(
                recordPrune(collector, this.clock, this.clock.now()),
              ),
            close: () => this.#close(containerizer, store, sweeper),
          };
        });
      })
      .repair((failed) => {
        lock.release();
        return failed;
      });
  }

  #store(onRecovering: () => void): { store: PID<DockerStore>; metadata: PID<MetadataManager>; sweeper: PID<Sweeper> } {
    const { runtime, root, clock } = this;
    const { files, executor, host, http } = this.ports;
    const paths = new StorePaths(root);
    const { random } = runtime;
    const metadata = runtime.spawn(new MetadataManager({ paths, files, random }));
    const { registries } = this.settings;
    const access = ownAccess(this.ports);
    const registry = runtime.spawn(
      new RegistryPuller({ http, files, random, access, ...(registries && { registries }) }),
    );
    const layout = runtime.spawn(new LayoutPuller({ files }));
    const archive = runtime.spawn(new ArchivePuller({ paths, files, executor, random }));
    const pullers = { docker: registry, oci: layout, 'oci-archive': archive, 'docker-archive': archive };
    const puller = runtime.spawn(new PullerRouter(pullers));
    const onFailed = ({ entry, why }: SweepFailure): void => this.#warn(`cannot sweep ${entry}: ${why}`);
    const sweeper = runtime.spawn(new Sweeper({ paths, files, executor, onFailed }));
    const shared = { paths, files, executor, host, random, clock };
    const store = new DockerStore({
      ...shared,
      metadata,
      puller,
      sweeper,
      inspect: this.inspect,
      onRecovering,
      onPulled: (reference) => this.#collector?.pulled(reference),
      makeRoom: () => this.#collector?.diskFull() ?? Future.ready(false),
    });
    this.#measure(store.metrics.all());
    return { store: runtime.spawn(store), metadata, sweeper };
  }

  #provisioner(store: PID<DockerStore>): Future<PID<Provisioner>> {
    const { runtime, root, settings, clock } = this;
    const { files, mounts, executor, host } = this.ports;
    const paths = new ProvisionerPaths(`${root}/provisioner`);
    const warn = this.#warn;
    const spawnOn = (available: CreatedBackends): PID<Provisioner> => {
      const stores = new Map([['DOCKER' as const, store]]);
      const { random } = runtime;
      const shared = { paths, files, executor, clock, random, warn };
      const preference = settings.backend ? { defaultBackend: settings.backend } : {};
      const provisioner = new Provisioner({ ...available, ...shared, stores, ...preference });
      this.#measure([provisioner.removeContainerErrors, ...provisioner.gate.metrics, ...available.metrics]);
      return runtime.spawn(provisioner);
    };
    return createBackends({ runtime, paths, files, mounts, executor, host, warn }).then((available) => {
      // Who asked for a backend learns now if it cannot be had.
      const asked: Future<unknown> = settings.backend ? chooseBackend(available, settings.backend) : Future.ready();
      return asked.then(() => spawnOn(available));
    });
  }

  #containerizer(provisioner: PID<Provisioner>): PID<ComposingContainerizer> {
    const { runtime, root } = this;
    const { files, executor, host, subprocesses, cgroups } = this.ports;
    const tools = { files, host, subprocesses };
    const oci = { ...tools, probeDirectory: `${root}/runtime/probe` };
    const logger = this.#logger;
    const native = new MesosContainerizer({
      paths: new ContainerPaths(root),
      files,
      host,
      executor,
      provisioner,
      logger,
      inspect: this.inspect,
      isolators: [
        runtime.spawn(new NetworkFilesIsolator(files, host)),
        runtime.spawn(new CgroupIsolator({ cgroups, host, group: this.#cgroup })),
      ],
      launchers: [
        { name: 'crun', launcher: runtime.spawn(new OciLauncher('crun', oci)) },
        { name: 'runc', launcher: runtime.spawn(new OciLauncher('runc', oci)) },
        { name: 'linux', launcher: runtime.spawn(new LinuxLauncher(tools)) },
      ],
    });
    const { containerizers = ['mesos'], docker: { socket, prune } = {} } = this.settings;
    const docker = new DockerContainerizer({
      paths: new ContainerPaths(root),
      files,
      host,
      executor,
      http: this.ports.http,
      random: runtime.random,
      clock: this.clock,
      launches: containerizers.includes('docker'),
      logger,
      ...(socket !== undefined && { socket }),
      ...(prune !== undefined && { prune }),
    });
    const both = { mesos: runtime.spawn(native), docker: runtime.spawn(docker) };
    // Who may not launch comes last: it looks after what it has, and is not asked for more.
    const order = [...new Set([...containerizers, 'mesos', 'docker'] as const)];
    const containerizer = runtime.spawn(
      new ComposingContainerizer(order.map((name) => ({ name, containerizer: both[name] }))),
    );
    const standing = (): Future<number> =>
      containerizer.containers().then((all) => all.filter(standsOnImage).length);
    this.#measure([
      native.destroyErrors,
      docker.imagePull,
      new PullGauge('containerizer/mesos/filesystem/containers_new_rootfs', standing),
    ]);
    return containerizer;
  }

  #collectImages(
    store: PID<DockerStore>,
    containerizer: ContainerizerPid,
    tell: MachineOwner['tell'],
  ): PID<ImageCollector> {
    const { runtime, clock, root } = this;
    const { files, host } = this.ports;
    const measure = (metric: Metric): void => this.#measure([metric]);
    const config = this.settings.imageGc;
    const shared = { config, runtime, clock, root, files, host, measure, logger: this.#logger, tell };
    return (this.#collector = spawnImageCollector({ ...shared, store, containerizer }));
  }

  get #cgroup(): string {
    return `/keelson/${groupNameOf(this.root)}`;
  }

  #measure(metrics: readonly Metric[]): void {
    for (const metric of metrics) this.#metrics.add(metric);
  }

  /** What is under way is finished and what was gathered is written. Whatever fails, the lock is given back. */
  #close(containerizer: ContainerizerPid, store: PID<DockerStore>, sweeper: PID<Sweeper>): Future<void> {
    const release = (): void => this.lock.release();
    return awaitAll<unknown>([containerizer.quiesce(), store.flush(), sweeper.quiet()])
      .then((): void => undefined)
      // Where containers go on, their groups are in it. A new one is made with the next of them.
      .then(() => this.ports.cgroups.removeEmpty(this.#cgroup))
      .recover((): void => undefined)
      .then(() => closeAll(this.runtime, this.ports))
      .then(release)
      .recover((failed) => {
        release();
        return failed;
      });
  }

  #prune(
    containerizer: ContainerizerPid,
    sweeper: PID<Sweeper>,
    exclude: readonly string[],
    { wait, ...options }: MachinePruneOptions,
  ): Future<PruneReport> {
    const excluded = exclude.map((name) => ({ type: 'DOCKER' as const, name }));
    if (!wait) return containerizer.pruneImages(excluded, options);

    // What an earlier prune left must not be counted as ours.
    const { files } = this.ports;
    return sweeper
      .quiet()
      .then(() => files.space(this.root))
      .then((before) =>
        containerizer.pruneImages(excluded, options).then((report) =>
          sweeper.quiet().then((swept) =>
            files.space(this.root).then((after) => {
              const measured = after.freeBytes - before.freeBytes;
              const unlinked = report.bytes.unlinked + swept.unlinkedBytes;
              return { ...report, bytes: { ...report.bytes, unlinked, measured } };
            }),
          ),
        ),
      );
  }
}

/** The same for every agent of a root, and for none of another. */
function groupNameOf(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 16);
}

function standsOnImage({ state, backend }: ContainerInfo): boolean {
  return backend !== undefined && (state === 'RUNNING' || state === 'PROVISIONED');
}

function closeAll(runtime: Runtime, ports: HostPorts): Future<void> {
  return runtime.finalize().then(() => closeHostPorts(ports));
}
