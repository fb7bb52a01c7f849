import type { Cgroups, Host } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { awaitAll, defer, Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { ContainerConfig } from '../container-config.js';
import { ContainerizerError } from '../containerizer-error.js';
import type { ContainerLimitation, LaunchContribution, PreparationContext } from '../isolator.js';
import { Isolator } from '../isolator.js';

export interface CgroupIsolatorOptions {
  readonly cgroups: Cgroups;
  readonly host: Host;
  /** The group of this agent, for example `/keelson/0123456789abcdef`: no other agent may have the same. */
  readonly group: string;
}

/** Exit status of a process that SIGKILL ended; out of memory is told by no other signal. */
const killed = 137;

/**
 * Limits the memory, the processor time and the number of processes of containers, whatever their launcher: the limits
 * are those of a group around the one that the launcher puts them in, so their counts outlive both. Mirrors Mesos
 * `isolators/cgroups/cgroups.cpp`.
 *
 * @throws ContainerizerError CONTAINER_INVALID  from `prepare`, for a limit that cannot be kept here
 */
export class CgroupIsolator extends Isolator<CgroupIsolator> {
  /** Containers with a limit of memory; one of an earlier life is looked at all the same. */
  readonly #memoryBytes = new Map<ContainerId, number>();

  constructor(private readonly options: CgroupIsolatorOptions) {
    super('isolator-cgroups');
  }

  /** Groups of containers that nobody knows are left of a crash: what is in them is ended. */
  override recover(containers: readonly ContainerId[]): Future<void> {
    const { cgroups, group } = this.options;
    if (this.#rootless) return Future.ready(undefined);
    const known = new Set(containers);
    return cgroups
      .list(group)
      .then((names) => names.filter((name) => !known.has(name)))
      // One that cannot be removed harms nobody, and is tried again at the next start.
      .then((unknown) => awaitAll(unknown.map((name) => cgroups.remove(`${group}/${name}`))))
      .then(() => undefined);
  }

  override prepare(id: ContainerId, { config }: PreparationContext): Future<LaunchContribution> {
    const limits = limitsOf(config);
    const limited = Object.keys(limits).length > 0;
    if (this.#rootless) {
      if (!limited) return Future.ready({});
      const message = 'Limits on memory, processors and processes need an agent that is root';
      throw new ContainerizerError('CONTAINER_INVALID', message);
    }
    const group = this.#groupOf(id);
    if (!limited) return Future.ready({ cgroup: { path: group, members: [] } });
    if (limits.memoryBytes !== undefined) this.#memoryBytes.set(id, limits.memoryBytes);
    return this.options.cgroups
      .create(group, limits)
      .then((members): LaunchContribution => ({ cgroup: { path: `${group}/container`, members } }))
      .recover((failed) => Future.failed(refusal(failed.failure())));
  }

  override explain(id: ContainerId, exitStatus: number | undefined): Future<ContainerLimitation | undefined> {
    if (this.#rootless || exitStatus !== killed) return Future.ready(undefined);
    return this.options.cgroups
      .memoryEvents(this.#groupOf(id))
      .then(defer(this, ({ oomKills, limitHits }) => (oomKills ?? limitHits) > 0 ? this.#outOfMemory(id) : undefined))
      .repair(() => undefined);
  }

  override cleanup(id: ContainerId): Future<void> {
    this.#memoryBytes.delete(id);
    return this.#rootless ? Future.ready(undefined) : this.options.cgroups.remove(this.#groupOf(id));
  }

  #outOfMemory(id: ContainerId): ContainerLimitation {
    const limit = this.#memoryBytes.get(id);
    const of = limit === undefined ? '' : ` of ${limit} bytes`;
    return { message: `it was killed because it ran out of memory: its limit${of} was used up` };
  }

  get #rootless(): boolean {
    return this.options.host.effectiveUserId !== 0;
  }

  #groupOf(id: ContainerId): string {
    return `${this.options.group}/${id}`;
  }
}

function limitsOf({ memoryBytes, cpus, processes }: ContainerConfig) {
  return {
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(cpus !== undefined && { cpus }),
    ...(processes !== undefined && { processes }),
  };
}

/** A limit the kernel does not take is the caller's mistake; anything else is the machine's. */
function refusal(error: Error): Error {
  if (!(error instanceof FileError) || !['ENOTSUP', 'EINVAL', 'ERANGE', 'EBUSY'].includes(error.code)) return error;
  return new ContainerizerError('CONTAINER_INVALID', `Its limits cannot be kept: ${error.message}`, { cause: error });
}
