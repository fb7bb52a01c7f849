import { FileError } from '@keelson/os/ports';
import type { Dispatcher, Observer, PID } from '@keelson/process';
import { Future, Runtime, VirtualClock } from '@keelson/process';
import type { BackendName, BackendPid } from '@keelson/provisioner';
import { CopyBackend, Provisioner, ProvisionerPaths } from '@keelson/provisioner';
import { DockerStore, MetadataManager, PullerRouter, RegistryPuller, StorePaths, Sweeper } from '@keelson/store';
import type { Fault, JobFault } from './arbitraries.js';
import { DecisionVector } from './dispatchers/decision-vector.js';
import type { CrashFate } from './files/simulated-disk.js';
import { SimulatedDisk } from './files/simulated-disk.js';
import { SimulatedFiles } from './files/simulated-files.js';
import { CrashingDispatcher, PowerCut } from './power-cut.js';
import { SeededRandom } from './seeded-random.js';
import type { JobStep } from './simulated-executor.js';
import { SimulatedExecutor } from './simulated-executor.js';
import { SimulatedHost } from './simulated-host.js';
import { simulatedJobs } from './simulated-jobs.js';
import type { NetworkFault } from './simulated-registry.js';
import { SimulatedRegistry } from './simulated-registry.js';

export interface SimulatedWorldOptions {
  /** The order of the run: a decision vector or any dispatcher. Default FIFO. */
  readonly order?: readonly number[] | Dispatcher;
  /** The power goes before this step; default never. */
  readonly crashAt?: number;
  /** Disk calls that fail. */
  readonly faults?: readonly Fault[];
  /** Jobs that are aborted half way; what they did so far stays done. */
  readonly jobFaults?: readonly JobFault[];
  readonly networkFault?: (path: string) => NetworkFault | undefined;
  readonly seed?: number;
  /** What an earlier world left; default an empty disk and a machine without processes. */
  readonly disk?: SimulatedDisk;
  readonly host?: SimulatedHost;
  readonly registry?: SimulatedRegistry;
  readonly observers?: readonly Observer[];
}

/**
 * The real store and provisioner on a simulated machine: disk, executor, network, clock, chance and order are
 * all chosen. One world is one life of an agent; `restart` is the next life on what a crash left.
 */
export class SimulatedWorld {
  static readonly root = '/keelson';
  readonly dispatcher: CrashingDispatcher;
  readonly clock = new VirtualClock();
  readonly runtime: Runtime;
  readonly disk: SimulatedDisk;
  readonly files: SimulatedFiles;
  readonly executor: SimulatedExecutor;
  readonly host: SimulatedHost;
  readonly registry: SimulatedRegistry;
  readonly storePaths = new StorePaths(SimulatedWorld.root);
  readonly provisionerPaths = new ProvisionerPaths(`${SimulatedWorld.root}/provisioner`);
  readonly metadata: PID<MetadataManager>;
  readonly store: PID<DockerStore>;
  readonly sweeper: PID<Sweeper>;
  #provisioner: PID<Provisioner> | undefined;
  readonly #random: SeededRandom;
  #diskCalls = 0;

  constructor(private readonly options: SimulatedWorldOptions = {}) {
    const { order = [], seed = 1 } = options;
    this.dispatcher = new CrashingDispatcher('next' in order ? order : new DecisionVector(order), options.crashAt);
    const random = (this.#random = new SeededRandom(seed));
    const observers = options.observers ?? [];
    this.runtime = new Runtime({ clock: this.clock, dispatcher: this.dispatcher, random, observers: [...observers] });
    const schedule = (label: string, run: () => void): void => this.runtime.offer({ kind: 'completion', label, run });
    this.disk = options.disk ?? new SimulatedDisk();
    this.host = options.host ?? new SimulatedHost();
    this.registry = options.registry ?? new SimulatedRegistry();
    this.registry.connect({ disk: this.disk, schedule, ...(options.networkFault && { fault: options.networkFault }) });
    const faults = new Map((options.faults ?? []).map(({ call, errno }) => [call, errno]));
    this.files = new SimulatedFiles({ disk: this.disk, schedule, fault: () => faults.get((this.#diskCalls += 1)) });
    this.executor = new SimulatedExecutor({ jobs: simulatedJobs(() => this.disk), schedule, fault: this.#jobFaults() });

    const { files, executor, host, clock, runtime, registry } = this;
    const paths = this.storePaths;
    this.metadata = runtime.spawn(new MetadataManager({ paths, files, random }));
    const registryPuller = runtime.spawn(new RegistryPuller({ http: registry, files, random }));
    const puller = runtime.spawn(new PullerRouter({ docker: registryPuller }));
    this.sweeper = runtime.spawn(new Sweeper({ paths, files, executor }));
    const { metadata, sweeper } = this;
    this.store = runtime.spawn(
      new DockerStore({ paths, files, executor, host, random, clock, metadata, puller, sweeper }),
    );
  }

  /** Spawned when first asked for: a scenario about the store alone does not pay for it. */
  get provisioner(): PID<Provisioner> {
    return (this.#provisioner ??= this.#spawnProvisioner());
  }

  /** Runs everything that can run; false when the power went meanwhile. */
  settle(): boolean {
    try {
      this.runtime.settle();
      return true;
    } catch (error) {
      if (error instanceof PowerCut) return false;
      throw error;
    }
  }

  /**
   * The power goes now; the next life begins on what is left of the disk, in FIFO order and without faults.
   */
  restart(fates: readonly CrashFate[] = [], options: SimulatedWorldOptions = {}): SimulatedWorld {
    const { host, registry } = this;
    return new SimulatedWorld({ disk: this.disk.afterCrash(fates), host, registry, ...options });
  }

  #jobFaults(): (step: JobStep) => Error | undefined {
    const faults = new Map((this.options.jobFaults ?? []).map(({ step, errno }) => [step, errno]));
    let steps = 0;
    return ({ job, step }) => {
      const errno = faults.get(steps);
      steps += 1;
      if (errno === undefined) return undefined;
      const why = `job '${job}' on the simulated disk was aborted before '${step}': ${errno}`;
      return new FileError(errno, job, step, why);
    };
  }

  #spawnProvisioner(): PID<Provisioner> {
    const { files, executor, clock, runtime } = this;
    const copy: BackendPid = runtime.spawn(new CopyBackend({ files, executor }));
    return runtime.spawn(
      new Provisioner({
        paths: this.provisionerPaths,
        files,
        executor,
        clock,
        random: this.#random,
        stores: new Map([['DOCKER', this.store]]),
        backends: new Map<BackendName, BackendPid>([['copy', copy]]),
        whyUnsuitable: () => Future.ready(undefined),
        defaultBackend: 'copy',
      }),
    );
  }
}
