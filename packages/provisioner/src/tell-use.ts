import type { PID } from '@keelson/process';
import type { Store } from '@keelson/store';
import type { ContainerEntry } from './container-table.js';

/** A container has used its images to its end, not only when it began: the stores note it, for who takes the oldest. */
export function tellUse(stores: Iterable<PID<Store>>, { rootfses }: ContainerEntry): void {
  const references = [...new Set([...rootfses.values()].map(({ reference }) => reference))];
  if (references.length === 0) return;
  for (const store of stores) store.used(references);
}
