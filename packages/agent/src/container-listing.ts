import type { ContainerInfo, ListedContainer } from '@keelson/containerizer';

/** One container as it is listed: what is known of it, `null` where there is nothing to know. */
export interface ContainerListing extends Omit<ContainerInfo, 'image' | 'pid' | 'createdAt' | 'exitStatus'> {
  readonly image: string | null;
  readonly pid: number | null;
  readonly createdAt: string | null;
  /** As a shell shows it: the exit code, or 128 + n for signal n. */
  readonly exitStatus: number | null;
}

/** In the order of their creation, then of their ids. Pure. */
export function listContainers(containers: readonly ListedContainer[]): readonly ContainerListing[] {
  return containers
    .map(({ info }) => ({
      ...info,
      image: info.image ?? null,
      pid: info.pid ?? null,
      createdAt: info.createdAt ?? null,
      exitStatus: info.exitStatus ?? null,
    }))
    .toSorted((a, b) => compare(a.createdAt ?? '', b.createdAt ?? '') || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
