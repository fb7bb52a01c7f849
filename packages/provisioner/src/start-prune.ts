import type { Future } from '@keelson/process';
import type { PruneReport } from '@keelson/store';
import type { ContainerTable } from './container-table.js';
import type { ImageName } from './image-name.js';
import type { ProvisionerPruneOptions } from './image-user.js';
import type { ProvisionerOptions } from './provisioner-options.js';
import { pruneStores } from './prune-stores.js';

/** A prune that needs no lock any more. */
export interface StartedPrune {
  readonly report: Future<PruneReport>;
}

/**
 * Hands a prune to the stores with what containers need at this moment. Under the write lock, which may go when the
 * answer is ready: from then on the stores protect whatever comes into use.
 */
export function startPrune(
  { stores, clock }: Pick<ProvisionerOptions, 'stores' | 'clock'>,
  containers: ContainerTable,
  excluded: readonly ImageName[],
  { users = [], ...options }: ProvisionerPruneOptions,
): Future<StartedPrune> {
  const grantedMs = clock.now();
  const told = { ...options, users: containers.holders(users) };
  const { opened, report } = pruneStores(stores, excluded, containers.layersInUse(), told);
  return opened.then(() => {
    const lockHeldMs = clock.now() - grantedMs;
    return { report: report.then((done) => ({ ...done, lockHeldMs })) };
  });
}
