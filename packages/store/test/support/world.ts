import type { Host } from '@keelson/os/ports';
import type { PID, Future } from '@keelson/process';
import { Runtime, VirtualClock } from '@keelson/process';
import type { DockerStoreOptions } from '@keelson/store';
import { DockerStore, MetadataManager, StorePaths, Sweeper } from '@keelson/store';
import { FakeExecutor } from './fake-executor.js';
import { FakePuller } from './fake-puller.js';
import { MemoryFiles } from './memory-files.js';

export const host = {
  effectiveUserId: 0,
  effectiveGroupId: 0,
  platform: { os: 'linux', architecture: 'amd64' },
  wallClockMs: () => Date.UTC(2026, 0, 1),
} as Host;

/** A store on files in memory, with everything it needs, in one runtime that settles by hand. */
export class World {
  readonly paths = new StorePaths('/root');
  readonly clock = new VirtualClock();
  readonly runtime: Runtime;
  readonly executor: FakeExecutor;
  readonly fakePuller: FakePuller;
  readonly metadata: PID<MetadataManager>;
  readonly sweeper: PID<Sweeper>;
  readonly store: PID<DockerStore>;
  #ids = 0;
  readonly random = { next: () => 0.5, id: (prefix: string) => `${prefix}u${(this.#ids += 1)}` };

  constructor(
    readonly files = new MemoryFiles(),
    options: Partial<DockerStoreOptions> & { runtime?: ConstructorParameters<typeof Runtime>[0] } = {},
  ) {
    const { paths, clock, random } = this;
    this.runtime = new Runtime({ clock, ...options.runtime });
    this.executor = new FakeExecutor(files);
    this.fakePuller = new FakePuller(files);
    const puller = this.runtime.spawn(this.fakePuller);
    this.metadata = this.runtime.spawn(new MetadataManager({ paths, files, random }));
    this.sweeper = this.runtime.spawn(new Sweeper({ paths, files, executor: this.executor }));
    const { metadata, sweeper, executor } = this;
    this.store = this.runtime.spawn(
      new DockerStore({ paths, files, executor, host, random, clock, metadata, puller, sweeper, ...options }),
    );
  }

  /** A store that has been recovered. */
  static ready(files?: MemoryFiles, options?: ConstructorParameters<typeof World>[1]): World {
    const world = new World(files, options);
    world.value(world.store.recover());
    return world;
  }

  /** Runs everything that can run. */
  settle(): void {
    this.runtime.settle();
  }

  /** Settles and answers the value; throws what it failed with. */
  value<T>(future: Future<T>): T {
    this.settle();
    return future.get();
  }

  /** Settles and answers the error. */
  failure(future: Future<unknown>): Error & { code?: string } {
    this.settle();
    return future.failure();
  }

  /** Ids of the layers on disk. */
  layersOnDisk(): string[] {
    return this.files.names(this.paths.layers);
  }

  /** What is left in `staging/` and `gc/`. */
  leftovers(): string[] {
    return [...this.files.names(this.paths.staging), ...this.files.names(this.paths.gc)];
  }
}
