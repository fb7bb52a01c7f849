import type { ContainerConfig, IsolatorRequests, LauncherName } from '@keelson/containerizer';
import { containerConfig, ContainerPaths, MesosContainerizer } from '@keelson/containerizer';
import type { Future, PID } from '@keelson/process';
import { Future as Futures, Runtime, VirtualClock } from '@keelson/process';
import { FakeHost, FakeLauncher, FakeProvisioner } from './fakes.js';
import { MemoryFiles } from './memory-files.js';

/**
 * A native containerizer in a machine of fakes. Everything that can happen has happened after each `run`.
 */
export class NativeWorld {
  readonly clock = new VirtualClock();
  readonly runtime = new Runtime({ clock: this.clock });
  readonly host: FakeHost;
  readonly files: MemoryFiles;
  readonly provisioner = new FakeProvisioner();
  readonly launcher: FakeLauncher;
  readonly log: string[] = [];
  readonly paths = new ContainerPaths('/root');
  readonly actor: MesosContainerizer;
  readonly containerizer: PID<MesosContainerizer>;

  constructor({
    isolators = [],
    recover = true,
    after,
    launcherName = 'linux',
  }: {
    isolators?: readonly IsolatorRequests[];
    recover?: boolean;
    /** An earlier life on the same machine: its files and processes are still there. */
    after?: NativeWorld;
    launcherName?: LauncherName;
  } = {}) {
    this.host = after?.host ?? new FakeHost();
    this.files =
      after?.files ??
      new MemoryFiles().file('/rootfs/app/bin/app', '\x7fELF', 0o755).file('/rootfs/volume/data', 'x');
    this.launcher = new FakeLauncher(this.host, launcherName, after ? after.launcher.firstPid + 10 : 100);
    this.actor = new MesosContainerizer({
      paths: this.paths,
      files: this.files,
      host: this.host,
      executor: {
        execute: <R>({ input }: { input: unknown }) => this.#removeTree<R>(input as { path: string }),
      },
      provisioner: this.provisioner,
      launchers: [this.launcher.named],
      isolators,
      logger: {
        info: (message) => this.log.push(`info ${message}`),
        warn: (message) => this.log.push(`warn ${message}`),
        error: (message) => this.log.push(`error ${message}`),
      },
    });
    this.containerizer = this.runtime.spawn(this.actor);
    if (recover) this.run(this.containerizer.recover());
  }

  /** Lets everything happen that can, then answers the future. */
  run<T>(future: Future<T>): Future<T> {
    this.runtime.settle();
    return future;
  }

  launch(id: string, config: Partial<ContainerConfig> = app): Future<unknown> {
    return this.run(this.containerizer.launch(id, containerConfig(config)));
  }

  state(id: string): string | undefined {
    const status = this.run(this.containerizer.status(id));
    return status.isReady() ? status.get().state : undefined;
  }

  #removeTree<R>({ path }: { path: string }): Future<R> {
    this.files.removeTree(path);
    return Futures.ready(undefined as R);
  }
}

export const app = { image: { type: 'DOCKER', name: 'app' } } as const;

/** The failure of a future that must have failed. */
export function failureOf(future: Future<unknown>): Error & { code?: string } {
  return future.failure();
}
