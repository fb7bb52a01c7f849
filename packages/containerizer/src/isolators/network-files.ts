import type { Files } from '@keelson/os/ports';
import { collect, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { LaunchContribution, PreparationContext } from '../isolator.js';
import { Isolator } from '../isolator.js';
import type { BindMount } from '../launcher.js';

/**
 * Gives a container the files that name lookups need: on the host's network the host's own `resolv.conf`
 * and `hosts`, without a network a `hosts` that knows `localhost`. They are mounted over the image's,
 * read-only, so nothing in the image changes. Mirrors what Mesos `network/cni` does for containers on the
 * host network.
 */
export class NetworkFilesIsolator extends Isolator<NetworkFilesIsolator> {
  constructor(private readonly files: Files) {
    super('isolator-network-files');
  }

  override prepare(
    _id: ContainerId,
    { config, sandboxDirectory }: PreparationContext,
  ): Future<LaunchContribution> {
    if (config.network === 'none') return this.#loopbackHosts(`${sandboxDirectory}/hosts`);
    return collect(['/etc/resolv.conf', '/etc/hosts'].map((path) => this.#ofHost(path))).then((mounts) => {
      return { mounts: mounts.flat() };
    });
  }

  /** What it wrote lies in the sandbox, and goes with that. */
  override cleanup(_id: ContainerId): Future<void> {
    return Future.ready(undefined);
  }

  #loopbackHosts(source: string): Future<LaunchContribution> {
    const text = '127.0.0.1\tlocalhost\n::1\tlocalhost\n';
    return this.files
      .writeDurably(source, new TextEncoder().encode(text), { mode: 0o644 })
      .then(() => ({ mounts: [{ source, target: '/etc/hosts', readOnly: true }] }));
  }

  #ofHost(path: string): Future<BindMount[]> {
    return this.files
      .realPath(path)
      .then((source) => [{ source, target: path, readOnly: true }])
      .repair(() => []);
  }
}
