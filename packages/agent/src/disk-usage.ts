import type { AreaBytes, StoreUsage } from '@keelson/store';
import { imageUsages, layerUsage } from '@keelson/store';
import type { Snapshot } from './snapshot.js';
import { holdersOf } from './snapshot.js';

/**
 * Sorts the layers of a snapshot into live and cached ones, each counted once however many images share it.
 * Pure.
 */
export function diskUsage(snapshot: Snapshot, areas: AreaBytes): StoreUsage {
  const live = new Set(holdersOf(snapshot).flatMap(({ layers }) => layers));
  return { ...layerUsage(snapshot.store.layers, live), ...areas, images: imageUsages(snapshot.store) };
}
