import type { Files, Host, Mounts } from '@keelson/os/ports';
import type { Executor, Future, Runtime } from '@keelson/process';
import type { BackendName, BackendPid } from './backend.js';
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

/**
 * Spawns every backend this machine can run and finds out which suit the provisioner's folder, as Mesos
 * `Backend::create` and `validateBackend` do. Copy is always there.
 */
export function createBackends(options: CreateBackendsOptions): Future<AvailableBackends> {
  const { runtime, files, mounts, executor, host } = options;
  const warn = options.warn ?? (() => {});
  const copy = runtime.spawn(new CopyBackend({ files, executor, warn }));
  const bind = 'the bind backend comes with a later release';

  return mounts.fileSystemTypes().then((types) => {
    const missing = whyOverlayIsMissing(types, host.effectiveUserId);
    if (missing !== undefined) {
      return {
        backends: new Map<BackendName, BackendPid>([['copy', copy]]),
        unsuitable: new Map<BackendName, string>([
          ['bind', bind],
          ['overlay', missing],
        ]),
      };
    }
    const overlay = runtime.spawn(new OverlayBackend({ files, mounts, executor, warn }));
    return whyOverlayIsUnsuitable(options).then((reason) => ({
      backends: new Map<BackendName, BackendPid>([
        ['overlay', overlay],
        ['copy', copy],
      ]),
      unsuitable: new Map<BackendName, string>([
        ['bind', bind],
        ...(reason === undefined ? [] : [['overlay', reason] as const]),
      ]),
    }));
  });
}

function whyOverlayIsMissing(fileSystemTypes: readonly string[], effectiveUserId: number): string | undefined {
  if (effectiveUserId !== 0) return 'mounting an overlay needs root';
  if (!fileSystemTypes.includes('overlay')) return 'the kernel does not offer overlayfs';
  return undefined;
}
