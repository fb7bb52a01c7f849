import type { ContainerConfig, IsolatorRequests } from '@keelson/containerizer';
import { containerConfig, ContainerPaths, MesosContainerizer } from '@keelson/containerizer';
import type { PID, Runtime } from '@keelson/process';
import type { CrashFate, SimulatedFiles } from '@keelson/simulation';
import { check } from './check.js';
import type { ImageKey } from './images.js';
import { dockerImage } from './images.js';
import type { LifeOptions } from './life.js';
import { Life } from './life.js';
import { SimulatedLauncher } from './simulated-launcher.js';

/** The folder of the host that is mounted over every container's `/bin`: simulated layers hold no programs. */
const programs = '/keelson/programs';

export interface AgentLifeOptions extends LifeOptions {
  /** Spawns the isolators of this life. None unless given. */
  readonly isolators?: (runtime: Runtime, files: SimulatedFiles) => readonly IsolatorRequests[];
}

/** A life of the whole agent: the real containerizer above the provisioner and the store, on simulated processes. */
export class AgentLife extends Life {
  readonly containerizer: PID<MesosContainerizer>;
  readonly paths = new ContainerPaths('/keelson');

  constructor(options: AgentLifeOptions = {}) {
    super(options);
    const { runtime, files, executor, provisioner } = this.world;
    this.host.use(files);
    const launcher = runtime.spawn(new SimulatedLauncher(this.host, files));
    this.containerizer = runtime.spawn(
      new MesosContainerizer({
        paths: this.paths,
        files,
        host: this.host,
        executor,
        provisioner,
        launchers: [{ name: 'linux', launcher }],
        isolators: options.isolators?.(runtime, files) ?? [],
      }),
    );
  }

  /** Everything a start does; false when the power went meanwhile. */
  start(): boolean {
    void this.world.files.makeDirectory(programs);
    const recovered = this.containerizer.recover();
    if (!this.settle()) return false;
    check(!recovered.isPending(), 'P5: the recovery never ends');
    return recovered.isReady();
  }

  /** The agent alone is killed (what it wrote stays, containers run on), or the power goes. */
  nextAgent(how: 'agent killed' | readonly CrashFate[], options: AgentLifeOptions = {}): AgentLife {
    this.end();
    const power = how !== 'agent killed';
    const next = new AgentLife({
      disk: this.world.disk.afterCrash(power ? how : []),
      registry: this.world.registry,
      host: power ? this.host.reboot() : this.host,
      earlierLives: (this.options.earlierLives ?? 0) + 1,
      ...options,
    });
    // No process outlives a power cut, so all that ran is taken down, and the removal of a record may be lost on the disk.
    if (power) for (const id of ['c1', 'c2']) this.layers.destroying(id);
    next.layers.forgive(this.layers);
    return next;
  }
}

/** A container that runs `/bin/app`, with a second image as a volume where wanted (T2). */
export function configOf(image: ImageKey, volume: ImageKey | undefined, provisionOnly = false): ContainerConfig {
  return containerConfig({
    image: dockerImage(image),
    argv: ['/bin/app'],
    ...(provisionOnly && { provisionOnly }),
    volumes: [
      { hostPath: programs, containerPath: '/bin', readOnly: true },
      ...(volume === undefined ? [] : [{ image: dockerImage(volume), containerPath: '/volume', readOnly: true }]),
    ],
  });
}
