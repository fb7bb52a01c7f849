import type { Future, PID } from '@keelson/process';
import { collect } from '@keelson/process';
import type { LayerTree, Store } from '@keelson/store';
import type { BackendName, BackendPid } from './backend.js';
import type { ContainerId } from './container-id.js';
import type { ProvisionedRootfs } from './provisioned-container.js';
import { ProvisionerError } from './provisioner-error.js';
import type { ProvisionerPaths } from './provisioner-paths.js';

export interface RestoreOptions {
  readonly paths: ProvisionerPaths;
  readonly stores: ReadonlyMap<string, PID<Store>>;
  readonly backends: ReadonlyMap<BackendName, BackendPid>;
}

/**
 * Makes root filesystems of a container stand again, each by the backend that made it. True if one had to be.
 *
 * @throws ProvisionerError BACKEND_NOT_SUPPORTED  its backend is not available here
 * @throws ProvisionerError PROVISION_FAILED       a layer or what was written is gone, or the backend failed
 */
export function restoreRootfses(
  id: ContainerId,
  rootfses: Iterable<ProvisionedRootfs>,
  { paths, stores, backends }: RestoreOptions,
): Future<boolean> {
  const restored = [...rootfses].map(({ rootfs, backend, layers }) => {
    const actor = backends.get(backend as BackendName);
    if (!actor) {
      const message = `'${rootfs}' was made by the backend '${backend}', which is not available here`;
      throw new ProvisionerError('BACKEND_NOT_SUPPORTED', message);
    }
    return collect([...stores.values()].map((store) => store.trees(layers)))
      .then((known) => layers.map((layer, index) => firstOf(known, index) ?? missing(layer, rootfs)))
      .then((trees) => actor.restore(trees, rootfs, paths.backend(id, backend)));
  });
  return collect(restored).then((all) => all.includes(true));
}

/** Whichever store has it. */
function firstOf(known: readonly (readonly (LayerTree | undefined)[])[], index: number): LayerTree | undefined {
  return known.map((trees) => trees[index]).find((tree) => tree !== undefined);
}

function missing(layer: string, rootfs: string): never {
  throw new ProvisionerError('PROVISION_FAILED', `Cannot restore '${rootfs}': its layer ${layer} is gone`);
}
