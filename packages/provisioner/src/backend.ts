import type { Future, PID } from '@keelson/process';
import { Future as Futures, Process } from '@keelson/process';
import type { LayerTree } from '@keelson/store';

export type BackendName = 'copy' | 'bind' | 'overlay';

export interface DestroyOptions {
  readonly folderGoes?: boolean;
}

/** Paths a container can fill beside its sandbox (overlay's upper and work directories). */
export interface BackendResult {
  readonly ephemeralVolumes: readonly string[];
}

/**
 * Makes one root filesystem out of layer trees. Mirrors Mesos `provisioner/backend.hpp`.
 *
 * `backendDirectory` is the backend's own folder of that container (`…/backends/<backend>`), `rootfs` a path
 * below it that does not exist yet.
 */
export abstract class Backend<Self = unknown> extends Process<Self> {
  /** `layers` base first. Fails with ProvisionerError and leaves nothing behind. */
  abstract provision(layers: readonly LayerTree[], rootfs: string, backendDirectory: string): Future<BackendResult>;
  /**
   * Makes a root filesystem stand again that was taken from under its record, as mounts are by a reboot. True if it had
   * to be; what was written to it is there again.
   */
  restore(_layers: readonly LayerTree[], _rootfs: string, _backendDirectory: string): Future<boolean> {
    return Futures.ready(false);
  }
  /**
   * True if something was taken down, false if nothing was there. Works after a reboot too.
   *
   * @param options.folderGoes  the caller removes all of the container's folder next: what lies below
   *   `backendDirectory` may stay, but nothing may be mounted there any more
   */
  abstract destroy(rootfs: string, backendDirectory: string, options?: DestroyOptions): Future<boolean>;
}

export type BackendPid = PID<Backend>;
