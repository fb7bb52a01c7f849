import type { Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { encodeRecord } from '@keelson/store';
import type { ContainerId } from './container-id.js';
import { layersRecord } from './layers-record.js';
import type { ProvisionedRootfs } from './provisioned-container.js';
import type { ProvisionerPaths } from './provisioner-paths.js';
import { cannot } from './provisioner-error.js';

/**
 * Replaces the `layers` file of a container durably, making its folder if there is none.
 *
 * @throws ProvisionerError CHECKPOINT_FAILED
 */
export function writeLayersRecord(
  id: ContainerId,
  rootfses: readonly ProvisionedRootfs[],
  paths: ProvisionerPaths,
  files: Files,
): Future<void> {
  const path = paths.layers(id);
  const recorded = rootfses.map(({ rootfsId, backend, reference, digest, layers }) => {
    return { rootfsId, backend, reference, digest, layers };
  });
  return files
    .makeDirectory(paths.container(id), { mode: 0o700 })
    .then(() => files.writeDurably(path, encodeRecord(layersRecord, { rootfses: recorded }), { mode: 0o600 }))
    .repair(cannot('CHECKPOINT_FAILED', `record the layers of container '${id}' in '${path}'`));
}
