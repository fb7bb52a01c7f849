import type { Future, PID } from '@keelson/process';
import { awaitAll } from '@keelson/process';
import type { LayerId, PruneReport, Store, StorePruneOptions } from '@keelson/store';
import { emptyPruneReport, mergePruneReports } from '@keelson/store';
import type { ImageName } from './image-name.js';

/**
 * Prunes every store beside the others, each with the exclusions of its type, and joins their reports.
 * Settles when all have, with the first failure if there is one: whoever holds a lock for this may let go
 * then (T11).
 *
 * An exclusion of a type that no store serves is reported as unmatched.
 */
export function pruneStores(
  stores: ReadonlyMap<ImageName['type'], PID<Store>>,
  excluded: readonly ImageName[],
  activeLayers: readonly LayerId[],
  options: StorePruneOptions,
): Future<PruneReport> {
  const prunes = [...stores].map(([type, store]) => store.prune(namesOf(type, excluded), activeLayers, options));
  const unserved = excluded.filter(({ type }) => !stores.has(type)).map(({ name }) => name);
  return awaitAll(prunes).then((outcomes) => {
    const failed = outcomes.find((outcome) => !outcome.isReady());
    if (failed) return failed;
    const reports = outcomes.map((outcome) => outcome.get());
    return mergePruneReports([{ ...emptyPruneReport(), unmatchedExclusions: unserved }, ...reports]);
  });
}

function namesOf(type: ImageName['type'], images: readonly ImageName[]): string[] {
  return images.filter((image) => image.type === type).map(({ name }) => name);
}
