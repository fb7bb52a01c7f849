import type { Future, PID } from '@keelson/process';
import { awaitAll, Deferred } from '@keelson/process';
import type { LayerId, PruneReport, Store, StorePruneOptions } from '@keelson/store';
import { emptyPruneReport, mergePruneReports } from '@keelson/store';
import type { ImageName } from './image-name.js';

/** A prune under way in several stores. */
export interface StoresPrune {
  /** Ready once every store protects what comes into use from now on, or is done. */
  readonly opened: Future<unknown>;
  /** Settles when all are done, with the first failure if there is one (T11). */
  readonly report: Future<PruneReport>;
}

/**
 * Prunes every store beside the others, each with the exclusions of its type, and joins their reports. An exclusion of
 * a type that no store serves is reported as unmatched.
 */
export function pruneStores(
  stores: ReadonlyMap<ImageName['type'], PID<Store>>,
  excluded: readonly ImageName[],
  activeLayers: readonly LayerId[],
  options: StorePruneOptions,
): StoresPrune {
  const started = [...stores].map(([type, store]) => {
    const opened = new Deferred<void>();
    const onOpened = (): void => void opened.set(undefined);
    const prune = store.prune(namesOf(type, excluded), activeLayers, { ...options, onOpened });
    // A store that cannot tell is waited for.
    prune.onAny(onOpened).onAbandoned(onOpened);
    return { opened: opened.future, prune };
  });
  const unserved = excluded.filter(({ type }) => !stores.has(type)).map(({ name }) => name);
  const report = awaitAll(started.map(({ prune }) => prune)).then((outcomes) => {
    const failed = outcomes.find((outcome) => !outcome.isReady());
    if (failed) return failed;
    const reports = outcomes.map((outcome) => outcome.get());
    return mergePruneReports([{ ...emptyPruneReport(), unmatchedExclusions: unserved }, ...reports]);
  });
  return { opened: awaitAll(started.map(({ opened }) => opened)), report };
}

function namesOf(type: ImageName['type'], images: readonly ImageName[]): string[] {
  return images.filter((image) => image.type === type).map(({ name }) => name);
}
