import type { Dispatcher, PID, Random } from '@keelson/process';
import { Future, Runtime, VirtualClock } from '@keelson/process';
import type { BackendName, BackendPid, ImageName, ProvisionerOptions } from '@keelson/provisioner';
import { Provisioner, ProvisionerPaths } from '@keelson/provisioner';
import { FakeBackend } from './fake-backend.js';
import { FakeStore } from './fake-store.js';
import { MemoryExecutor } from './memory-executor.js';
import { MemoryFiles } from './memory-files.js';

export const paths = new ProvisionerPaths('/agent/provisioner');

/** What survives one life of the agent. */
export interface Disk {
  readonly files?: MemoryFiles;
}

/** A provisioner with a fake store and backend, on files in memory and a clock that stands still. */
export interface SimulatedProvisioner {
  readonly runtime: Runtime;
  readonly clock: VirtualClock;
  readonly files: MemoryFiles;
  readonly executor: MemoryExecutor;
  readonly store: FakeStore;
  readonly backend: FakeBackend;
  readonly actor: Provisioner;
  readonly provisioner: PID<Provisioner>;
  readonly warnings: string[];
}

export function simulatedProvisioner(
  { files = new MemoryFiles() }: Disk = {},
  overrides: Partial<ProvisionerOptions> = {},
  dispatcher?: Dispatcher,
): SimulatedProvisioner {
  const clock = new VirtualClock();
  const runtime = new Runtime({ clock, ...(dispatcher && { dispatcher }) });
  const store = new FakeStore();
  const backend = new FakeBackend(files);
  const executor = new MemoryExecutor(files);
  const warnings: string[] = [];
  const actor = new Provisioner({
    paths,
    files,
    clock,
    random: countingRandom(),
    executor,
    stores: new Map([['DOCKER' as const, runtime.spawn(store)]]),
    backends: new Map<BackendName, BackendPid>([['copy', runtime.spawn(backend)]]),
    whyUnsuitable: () => Future.ready(undefined),
    defaultBackend: 'copy',
    warn: (warning) => warnings.push(warning),
    ...overrides,
  });
  const provisioner = runtime.spawn(actor);
  return { runtime, clock, files, executor, store, backend, actor, provisioner, warnings };
}

/** The same, recovered and with images `alpine` (layers a, b) and `busybox` (layers a, c). */
export function recoveredProvisioner(
  disk: Disk = {},
  overrides: Partial<ProvisionerOptions> = {},
  dispatcher?: Dispatcher,
): SimulatedProvisioner {
  const simulated = simulatedProvisioner(disk, overrides, dispatcher);
  simulated.store.add('alpine', ['a', 'b']);
  simulated.store.add('busybox', ['a', 'c']);
  simulated.provisioner.recover([]);
  simulated.runtime.settle();
  return simulated;
}

export function docker(name: string): ImageName {
  return { type: 'DOCKER', name };
}

/** Unique over all lives of one test process, as chance is in production. */
function countingRandom(): Random {
  return { next: () => 0, id: (prefix) => `${prefix}${++made}` };
}

let made = 0;
