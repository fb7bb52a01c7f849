import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpClient, LocalFiles, LocalHost } from '@keelson/os';
import type { Http } from '@keelson/os/ports';
import type { Executor, PID, Runtime as RuntimeType } from '@keelson/process';
import { Future, Runtime } from '@keelson/process';
import type { DockerStoreOptions, RegistryPullerOptions } from '@keelson/store';
import { ArchivePuller, DockerStore, LayoutPuller, MetadataManager, PullerRouter } from '@keelson/store';
import { RegistryPuller, StorePaths, storeJobs, Sweeper } from '@keelson/store';
import { onTestFinished } from 'vitest';
import { emptied } from '../../../../test/support/watched-files.js';

/** Runs the store's jobs in this thread, so that a test costs no pool. */
export class InlineExecutor implements Executor {
  readonly names: string[] = [];

  execute<R>({ name, input }: { name: string; input: unknown }): Future<R> {
    this.names.push(name);
    const { pathname } = (storeJobs as Record<string, URL>)[name] ?? osJobs[name]!;
    const job = import(pathname) as Promise<{ default: (value: unknown) => R | Promise<R> }>;
    return Future.from(job.then((module) => module.default(input))) as Future<R>;
  }
}

const osJobs: Record<string, URL> = {
  'os.remove-tree': new URL('../../../os/dist/jobs/remove-tree.js', import.meta.url),
};

export interface StoreOnDiskOptions {
  readonly http?: Http;
  readonly registry?: Partial<RegistryPullerOptions>;
  readonly archive?: Partial<ConstructorParameters<typeof ArchivePuller>[0]>;
  readonly store?: Partial<DockerStoreOptions>;
}

/** A whole store over real files and, if a test wants, real HTTP; gone when the test has ended. */
export class StoreOnDisk {
  readonly folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'keelson-store-'));
  readonly paths = new StorePaths(join(this.folder, 'root'));
  readonly runtime: RuntimeType = new Runtime();
  readonly executor = new InlineExecutor();
  readonly store: PID<DockerStore>;

  private constructor({ http = new HttpClient(), registry, archive, store }: StoreOnDiskOptions) {
    const { runtime, paths, executor } = this;
    const files = new LocalFiles();
    const { random } = runtime;
    const shared = { paths, files, executor, random };
    const archives = runtime.spawn(new ArchivePuller({ ...shared, ...archive }));
    const puller = runtime.spawn(
      new PullerRouter({
        docker: runtime.spawn(new RegistryPuller({ http, files, random, ...registry })),
        oci: runtime.spawn(new LayoutPuller({ files })),
        'docker-archive': archives,
        'oci-archive': archives,
      }),
    );
    const metadata = runtime.spawn(new MetadataManager({ paths, files, random }));
    const sweeper = runtime.spawn(new Sweeper({ paths, files, executor }));
    const host = new LocalHost();
    const clock = { now: () => 0, timer: () => ({}) as never, cancel: () => false };
    this.store = runtime.spawn(
      new DockerStore({ ...shared, host, clock, metadata, puller, sweeper, ...store }),
    );
  }

  static async open(options: StoreOnDiskOptions = {}): Promise<StoreOnDisk> {
    const world = new StoreOnDisk(options);
    onTestFinished(async () => {
      await world.runtime.finalize();
      rmSync(world.folder, { recursive: true, force: true });
    });
    await world.store.recover();
    return world;
  }

  /** Settles when nothing lies in staging any more, as it must when nothing is under way. */
  async nothingStaged(): Promise<void> {
    await this.store.swept();
    await emptied(this.paths.staging);
  }

  /** The code a request fails with. */
  async codeOf(request: PromiseLike<unknown>): Promise<unknown> {
    try {
      await request;
    } catch (error) {
      return (error as { code?: unknown }).code ?? error;
    }
    throw new Error('it did not fail');
  }
}
