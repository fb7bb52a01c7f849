import type { Files, Host, Mounts } from '@keelson/os/ports';
import type { Executor, Metric, Runtime } from '@keelson/process';
import { collect, Future } from '@keelson/process';
import type { BackendName, BackendPid } from './backend.js';
import { BindBackend } from './bind-backend.js';
import { CopyBackend } from './copy-backend.js';
import type { Warn } from './list-containers.js';
import { OverlayBackend } from './overlay-backend.js';
import { removeTrial, whyOverlayIsUnsuitable } from './overlay-suitability.js';
import type { ProvisionerPaths } from './provisioner-paths.js';

/** The backends of this machine. */
export interface AvailableBackends {
  /**
   * Running actors. One that is unsuitable for new root filesystems may be here: it still takes down old
   * ones.
   */
  readonly backends: ReadonlyMap<BackendName, BackendPid>;
  /**
   * Why a backend must not make new root filesystems here, `undefined` if it may. Never fails. Found out when it is
   * first asked, for a trial mount costs more than most starts that need no root filesystem.
   */
  readonly whyUnsuitable: (name: BackendName) => Future<string | undefined>;
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
 * Spawns every backend this machine can run, as Mesos `Backend::create` and `validateBackend` do. Copy is always
 * there.
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
  return collect([mounts.fileSystemTypes(), removeTrial(options)] as const).then(([types]) => {
    const offered = types.includes('overlay');
    if (offered) backends.unshift(['overlay', runtime.spawn(new OverlayBackend({ files, mounts, executor, warn }))]);
    let overlay: Future<string | undefined> | undefined;
    const whyOverlay = (): Future<string | undefined> =>
      offered ? whyOverlayIsUnsuitable(options) : Future.ready('the kernel does not offer overlayfs');
    return {
      backends: new Map(backends),
      whyUnsuitable: (name) => (name === 'overlay' ? (overlay ??= whyOverlay()) : Future.ready(undefined)),
      metrics: [bind.removeRootfsErrors],
    };
  });
}

function withoutRoot(copy: BackendPid): CreatedBackends {
  const reasons: Partial<Record<BackendName, string>> = {
    overlay: 'mounting an overlay needs root',
    bind: 'mounting a layer needs root',
  };
  return {
    backends: new Map([['copy', copy]]),
    whyUnsuitable: (name) => Future.ready(reasons[name]),
    metrics: [],
  };
}
