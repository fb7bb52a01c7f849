import type { Future } from '@keelson/process';

/** What the processes of a group may use together. What is missing is not limited. */
export interface CgroupLimits {
  readonly memoryBytes?: number;
  /** Processor time, in whole processors: `0.5` is half of one. */
  readonly cpus?: number;
  /** Processes and threads. */
  readonly processes?: number;
}

/** What the kernel counted of a group with a limit of memory. */
export interface CgroupMemoryEvents {
  /** Processes it killed for want of memory; `undefined` where the count went with the group of a runtime (v1). */
  readonly oomKills?: number;
  /** How often memory was asked for beyond the limit; most of it is then found by giving up caches. */
  readonly limitHits: number;
}

/**
 * Control groups, of version 1 or 2 or both as the machine has them. A group is named by its absolute path in every
 * hierarchy, for example `/keelson/ab12/web`.
 *
 * A limited group keeps its limits and its counts itself; processes join the group `container` below it, which an OCI
 * runtime may remove when they are gone. Failures are `FileError`s with the errno name.
 */
export interface Cgroups {
  /**
   * Makes a group with limits. Answers the files by which a process joins: it writes `0` into each.
   *
   * @throws FileError ENOTSUP  the machine has no controller for one of the limits
   */
  create(group: string, limits: CgroupLimits): Future<readonly string[]>;
  /** What happened to the memory of a group made by `create`; nothing for a missing one. */
  memoryEvents(group: string): Future<CgroupMemoryEvents>;
  /** Kills what is still in the group or below, and removes it from every hierarchy. A missing one is success. */
  remove(group: string): Future<void>;
  /** Removes the group from every hierarchy in which nothing is in it, neither a process nor a group. */
  removeEmpty(group: string): Future<void>;
  /** Names of the groups directly below `group`, in any hierarchy. */
  list(group: string): Future<readonly string[]>;
}
