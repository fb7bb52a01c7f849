import type { BackendName, BackendPid } from './backend.js';
import type { AvailableBackends } from './create-backends.js';
import { ProvisionerError } from './provisioner-error.js';

/** Bind is never chosen by itself: it is read-only and serves one layer. */
const preferred: readonly BackendName[] = ['overlay', 'copy'];

/**
 * The backend for new root filesystems: the requested one, else the first of overlay and copy that suits this
 * machine. Mirrors Mesos `Provisioner::create`.
 *
 * @throws ProvisionerError BACKEND_NOT_SUPPORTED  with the reason
 */
export function chooseBackend(available: AvailableBackends, requested?: string): BackendName {
  if (requested !== undefined) return requireBackend(available, requested).name;

  const chosen = preferred.find((name) => available.backends.has(name) && !available.unsuitable.has(name));
  if (chosen !== undefined) return chosen;
  const reasons = [...available.unsuitable].map(([name, reason]) => `${name}: ${reason}`).join('; ');
  throw new ProvisionerError('BACKEND_NOT_SUPPORTED', `No backend can make root filesystems here (${reasons})`);
}

/** The backend `requested`, if it may make new root filesystems here. Fails like `chooseBackend`. */
export function requireBackend(
  { backends, unsuitable }: AvailableBackends,
  requested: string,
): { readonly name: BackendName; readonly actor: BackendPid } {
  const name = requested as BackendName;
  const actor = backends.get(name);
  const problem = unsuitable.get(name);
  if (actor && problem === undefined) return { name, actor };

  const reason = problem ?? `not one of ${[...backends.keys()].join(', ')}`;
  throw new ProvisionerError('BACKEND_NOT_SUPPORTED', `The backend '${requested}' is not supported: ${reason}`);
}
