import { Future, undiscardable } from '@keelson/process';
import type { BackendName, BackendPid } from './backend.js';
import type { AvailableBackends } from './create-backends.js';
import { ProvisionerError } from './provisioner-error.js';

/** Bind is never chosen by itself: it is read-only and serves one layer. */
const preferred: readonly BackendName[] = ['overlay', 'copy'];

/** A backend that may make new root filesystems here. */
export interface ChosenBackend {
  readonly name: BackendName;
  readonly actor: BackendPid;
}

/**
 * The backend for a new root filesystem: the requested one, else the first of overlay and copy that suits this
 * machine. Mirrors Mesos `Provisioner::create`.
 *
 * @throws ProvisionerError BACKEND_NOT_SUPPORTED  with the reason
 */
export function chooseBackend(available: AvailableBackends, requested?: string): Future<ChosenBackend> {
  return requested === undefined ? choosePreferred(available, preferred, []) : requireBackend(available, requested);
}

function choosePreferred(
  available: AvailableBackends,
  [name, ...others]: readonly BackendName[],
  reasons: readonly string[],
): Future<ChosenBackend> {
  if (name === undefined) {
    const message = `No backend can make root filesystems here (${reasons.join('; ')})`;
    return Future.failed(new ProvisionerError('BACKEND_NOT_SUPPORTED', message));
  }
  return suitability(available, name).then((reason) => {
    const actor = available.backends.get(name);
    if (actor && reason === undefined) return { name, actor };
    return choosePreferred(available, others, [...reasons, `${name}: ${reason ?? 'not there'}`]);
  });
}

function requireBackend(available: AvailableBackends, requested: string): Future<ChosenBackend> {
  const name = requested as BackendName;
  return suitability(available, name).then((problem) => {
    const actor = available.backends.get(name);
    if (actor && problem === undefined) return { name, actor };
    const reason = problem ?? `not one of ${[...available.backends.keys()].join(', ')}`;
    throw new ProvisionerError('BACKEND_NOT_SUPPORTED', `The backend '${requested}' is not supported: ${reason}`);
  });
}

/** Others may wait for the same answer, so nobody's loss of interest reaches it. */
function suitability(available: AvailableBackends, name: BackendName): Future<string | undefined> {
  return undiscardable(available.whyUnsuitable(name));
}
