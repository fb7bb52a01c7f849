import type { LayerId } from './store.js';

/** A set, or a map by layer. */
interface LayerSet {
  has(id: LayerId): boolean;
}

/**
 * The layers a prune may take: those that neither a retained image nor a live root needs.
 *
 * Pure, and the whole safety argument of prune rests on it: a victim is in neither set, and one call reaches
 * the fixpoint because reachability is a set and not a count that is peeled.
 */
export function sweepable(all: Iterable<LayerId>, retained: LayerSet, live: LayerSet): LayerId[] {
  const victims: LayerId[] = [];
  for (const id of all) {
    if (!retained.has(id) && !live.has(id)) victims.push(id);
  }
  return victims;
}
