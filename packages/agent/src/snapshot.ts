import type { ListedContainer } from '@keelson/containerizer';
import type { ProvisionedContainer } from '@keelson/provisioner';
import type { Holder, StoreInventory } from '@keelson/store';

/** What one look at an agent's root sees. Everything that only answers questions is a pure function of it. */
export interface Snapshot {
  readonly store: StoreInventory;
  readonly containers: readonly ListedContainer[];
  readonly provisioned: readonly ProvisionedContainer[];
}

/**
 * Who keeps images and layers alive: every container that has not ended, its image volumes included (T2), and
 * every root filesystem that still stands, whatever became of its container.
 */
export function holdersOf({
  containers,
  provisioned,
}: Pick<Snapshot, 'containers' | 'provisioned'>): readonly Holder[] {
  const ended = new Set(containers.filter(hasEnded).map(({ info }) => info.id));
  return provisioned
    .filter(({ rootfses }) => rootfses.length > 0)
    .map(({ id, rootfses }) => ({
      name: `container ${id}`,
      references: ended.has(id) ? [] : [...new Set(rootfses.map(({ reference }) => reference))],
      layers: [...new Set(rootfses.flatMap(({ layers }) => layers))],
    }));
}

/** An ended container protects nothing. */
export function hasEnded({ info }: ListedContainer): boolean {
  return info.state === 'EXITED' || info.state === 'REMOVED';
}
