import { parseMountInfo } from './mountinfo.js';

/** One tree of control groups. */
export interface CgroupHierarchy {
  /** Where it is mounted. */
  readonly path: string;
  readonly version: 1 | 2;
  /** Controllers that act in it: those of its mount options (v1), or of its `cgroup.controllers` file (v2). */
  readonly controllers: readonly string[];
}

/** A file with which a limit is set. Source: the kernel's admin-guide/cgroup-v1 and cgroup-v2.rst. */
export type CgroupFile = readonly [name: string, value: string];

/** Length of a period of the processor quota, in microseconds: the kernel's default. */
const cpuPeriodUs = 100_000;

/** What to write for each limit, in this order. */
export const limitFiles = {
  memory: {
    1: (bytes: number): CgroupFile[] => [['memory.limit_in_bytes', `${bytes}`]],
    2: (bytes: number): CgroupFile[] => [['memory.max', `${bytes}`]],
  },
  cpu: {
    1: (cpus: number): CgroupFile[] => [
      ['cpu.cfs_period_us', `${cpuPeriodUs}`],
      ['cpu.cfs_quota_us', `${quotaUs(cpus)}`],
    ],
    2: (cpus: number): CgroupFile[] => [['cpu.max', `${quotaUs(cpus)} ${cpuPeriodUs}`]],
  },
  pids: {
    1: (processes: number): CgroupFile[] => [['pids.max', `${processes}`]],
    2: (processes: number): CgroupFile[] => [['pids.max', `${processes}`]],
  },
} as const;

/** The kernel refuses less than a millisecond. */
function quotaUs(cpus: number): number {
  return Math.max(1_000, Math.round(cpus * cpuPeriodUs));
}

/**
 * The hierarchies in a text of mountinfo. The controllers of a version 2 one are not told there: `controllersAt` reads
 * its `cgroup.controllers`.
 */
export function cgroupHierarchies(
  mountInfo: string,
  controllersAt: (path: string) => string,
): readonly CgroupHierarchy[] {
  return parseMountInfo(mountInfo).flatMap(({ type, target, superOptions }): CgroupHierarchy[] => {
    if (type === 'cgroup') return [{ path: target, version: 1, controllers: superOptions.split(',') }];
    if (type !== 'cgroup2') return [];
    return [{ path: target, version: 2, controllers: controllersAt(target).trim().split(' ') }];
  });
}

/** The value of `key N` in a flat keyed file such as `memory.events`. */
export function flatKeyed(text: string, key: string): number | undefined {
  const found = new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}
