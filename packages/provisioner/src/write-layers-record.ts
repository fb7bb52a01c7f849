import type { Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { encodeRecord } from '@keelson/store';
import { allDone } from './all-done.js';
import type { ContainerId } from './container-id.js';
import { layersRecord } from './layers-record.js';
import type { ProvisionedRootfs } from './provisioned-container.js';
import type { ProvisionerPaths } from './provisioner-paths.js';
import { cannot } from './provisioner-error.js';

/**
 * Replaces the `layers` file of a container durably, making its folder and those of its backends if there are none.
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
  const record = encodeRecord(layersRecord, { rootfses: recorded });
  const backends = new Set(rootfses.map(({ backend }) => paths.backend(id, backend)));
  return files
    .makeDirectory(paths.container(id), { mode: 0o700 })
    .then(() =>
      // What the root filesystems are made in is there by the time they may be.
      allDone([
        files.writeDurably(path, record, { mode: 0o600 }),
        ...[...backends].map((backend) => files.makeDirectory(backend, { mode: 0o700 })),
      ]),
    )
    .repair(cannot('CHECKPOINT_FAILED', `record the layers of container '${id}' in '${path}'`));
}
