import type { Files, Host, Mounts } from '@keelson/os/ports';
import type { Executor, Metric, Runtime } from '@keelson/process';
import { Future } from '@keelson/process';
import type { BackendName, BackendPid } from './backend.js';
import { BindBackend } from './bind-backend.js';
import { CopyBackend } from './copy-backend.js';
import type { Warn } from './list-containers.js';
import { OverlayBackend } from './overlay-backend.js';
import { whyOverlayIsUnsuitable } from './overlay-suitability.js';
import type { ProvisionerPaths } from './provisioner-paths.js';

/** The backends of this machine. */
export interface AvailableBackends {
  /**
   * Running actors. One that is unsuitable for new root filesystems may be here: it still takes down old
   * ones.
   */
  readonly backends: ReadonlyMap<BackendName, BackendPid>;
  /** Why a backend must not make new root filesystems here. A backend in neither map does not exist. */
  readonly unsuitable: ReadonlyMap<BackendName, string>;
}

export interface CreateBackendsOptions {
  readonly runtime: Runtime;
  readonly paths: ProvisionerPaths;
  readonly files: Files;
  readonly mounts: Mounts;
  readonly executor: Executor;
  readonly host: Pick<Host, 'effectiveUserId'>;
  readonly warn?: Warn;
}

/** What `createBackends` made, and what its actors count. */
export interface CreatedBackends extends AvailableBackends {
  readonly metrics: readonly Metric[];
}

/**
 * Spawns every backend this machine can run and finds out which suit the provisioner's folder, as Mesos
 * `Backend::create` and `validateBackend` do. Copy is always there.
 */
export function createBackends(options: CreateBackendsOptions): Future<CreatedBackends> {
  const { runtime, files, mounts, executor, host } = options;
  const warn = options.warn ?? (() => {});
  const copy = runtime.spawn(new CopyBackend({ files, executor, warn }));
  if (host.effectiveUserId !== 0) return Future.ready(withoutRoot(copy));

  const bind = new BindBackend({ files, mounts, warn });
  const backends: [BackendName, BackendPid][] = [
    ['copy', copy],
    ['bind', runtime.spawn(bind)],
  ];
  return mounts
    .fileSystemTypes()
    .then((types): Future<string | undefined> => {
      if (!types.includes('overlay')) return Future.ready('the kernel does not offer overlayfs');
      backends.unshift(['overlay', runtime.spawn(new OverlayBackend({ files, mounts, executor, warn }))]);
      return whyOverlayIsUnsuitable(options);
    })
    .then((reason) => ({
      backends: new Map(backends),
      unsuitable: new Map<BackendName, string>(reason === undefined ? [] : [['overlay', reason]]),
      metrics: [bind.removeRootfsErrors],
    }));
}

function withoutRoot(copy: BackendPid): CreatedBackends {
  return {
    backends: new Map([['copy', copy]]),
    unsuitable: new Map([
      ['overlay', 'mounting an overlay needs root'],
      ['bind', 'mounting a layer needs root'],
    ]),
    metrics: [],
  };
}
