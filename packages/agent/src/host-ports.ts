import {
  HttpClient,
  InPlaceExecutor,
  LocalCgroups,
  LocalFileLocks,
  LocalFiles,
  LocalHost,
  LocalMounts,
  LocalSubprocesses,
  PoolExecutor,
  proxySettingsOf,
} from '@keelson/os';
import type { ClosableExecutor } from '@keelson/os';
import type {
  Cgroups,
  FileLocks,
  Files,
  Host,
  Mounts,
  PositionedFiles,
  Subprocesses,
  WatchedFiles,
} from '@keelson/os/ports';
import type { Recorder } from '@keelson/inspector';
import type { Future } from '@keelson/process';
import { provisionerJobs } from '@keelson/provisioner';
import { storeJobs } from '@keelson/store';
import type { AgentSettings } from './agent-options.js';

/** Everything through which an agent touches its machine. */
export interface HostPorts {
  readonly files: Files & PositionedFiles & WatchedFiles;
  readonly locks: FileLocks;
  readonly host: Host;
  readonly subprocesses: Subprocesses;
  readonly mounts: Mounts;
  readonly cgroups: Cgroups;
  readonly http: HttpClient;
  /** Unpacks, copies and removes trees in worker threads. */
  readonly executor: ClosableExecutor;
  /** A thread of its own for mounts, which must not wait behind a long unpack. */
  readonly mountExecutor: ClosableExecutor;
}

/** The machine we run on. Threads start with the first job; nothing here needs closing but the executors. */
export function openHostPorts({
  executorThreads,
  oneShot,
}: Pick<AgentSettings, 'executorThreads' | 'oneShot'>): HostPorts {
  const inPlace = (pool: PoolExecutor): ClosableExecutor => (oneShot ? new InPlaceExecutor(pool) : pool);
  const mountExecutor = inPlace(new PoolExecutor({ maxThreads: 1 }));
  return {
    files: new LocalFiles(),
    locks: new LocalFileLocks(),
    host: new LocalHost(),
    subprocesses: new LocalSubprocesses(),
    mounts: new LocalMounts({ executor: mountExecutor }),
    cgroups: new LocalCgroups(),
    http: new HttpClient({ proxy: proxySettingsOf(process.env) }),
    executor: inPlace(new PoolExecutor({ jobs: { ...storeJobs, ...provisionerJobs }, maxThreads: executorThreads })),
    mountExecutor,
  };
}

/** The same ports, with the jobs of the pool told to `recorder`. */
export function observedPorts(ports: HostPorts, recorder: Recorder): HostPorts {
  const { executor } = ports;
  return { ...ports, executor: { ...recorder.observed(executor), close: () => executor.close() } };
}

/** Lets accepted jobs end, then ends the threads and the idle connections. */
export function closeHostPorts({ executor, mountExecutor, http }: HostPorts): Future<void> {
  http.close();
  return executor.close().then(() => mountExecutor.close());
}
