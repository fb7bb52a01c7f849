import type { Files, Host } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { LaunchContribution, PreparationContext } from '../isolator.js';
import { Isolator } from '../isolator.js';
import type { BindMount } from '../launcher.js';

/**
 * Tells whoever reads it the host name of its own namespace (`uts_kern_table` of the kernel), so no file has to be
 * written for each container. A user namespace may not mount it.
 */
const hostnameSource = '/proc/sys/kernel/hostname';

/**
 * Gives a container the files that name lookups need: on the host's network the host's own `resolv.conf`
 * and `hosts`, without a network a `hosts` that knows `localhost`; and its `hostname`. They are mounted
 * over the image's, read-only, so nothing in the image changes. Mirrors what Mesos `network/cni` does for
 * containers on the host network.
 */
export class NetworkFilesIsolator extends Isolator<NetworkFilesIsolator> {
  constructor(
    private readonly files: Files,
    private readonly host: Host,
  ) {
    super('isolator-network-files');
  }

  override prepare(
    _id: ContainerId,
    { config, sandboxDirectory }: PreparationContext,
  ): Future<LaunchContribution> {
    const files =
      config.network === 'none'
        ? this.#loopbackHosts(`${sandboxDirectory}/hosts`)
        : Future.ready(['/etc/resolv.conf', '/etc/hosts'].map((path) => mountOf(path, path)));
    const hostname = this.host.effectiveUserId === 0 ? [mountOf(hostnameSource, '/etc/hostname')] : [];
    return files.then((mounts) => ({ mounts: [...mounts, ...hostname] }));
  }

  /** What it wrote lies in the sandbox, and goes with that. */
  override cleanup(_id: ContainerId): Future<void> {
    return Future.ready(undefined);
  }

  #loopbackHosts(source: string): Future<BindMount[]> {
    const text = '127.0.0.1\tlocalhost\n::1\tlocalhost\n';
    return this.files
      .writeDurably(source, new TextEncoder().encode(text), { mode: 0o644 })
      .then(() => [mountOf(source, '/etc/hosts')]);
  }
}

function mountOf(source: string, target: string): BindMount {
  return { source, target, readOnly: true };
}
