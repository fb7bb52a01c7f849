import type { BackendName } from './backend.js';
import type { Warn } from './list-containers.js';
import type { ProvisionedContainer } from './provisioned-container.js';

/**
 * Tells what is wrong with a container that was found: layers that are not known, and root filesystems that nobody here
 * can take down (Mesos fails the whole recovery then, T12).
 */
export function warnOfProblems(
  { rootfses, layersUnknown }: ProvisionedContainer,
  backends: ReadonlyMap<BackendName, unknown>,
  warn: Warn,
): void {
  if (layersUnknown) warn(layersUnknown);
  for (const { rootfs, backend } of rootfses) {
    if (backends.has(backend as BackendName)) continue;
    warn(`Keeping '${rootfs}', though the backend '${backend}' that made it is not available`);
  }
}
