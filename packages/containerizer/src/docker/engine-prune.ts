import { formatReference, isDigest, parseReference } from '@keelson/image';
import type { Future } from '@keelson/process';
import { awaitAll, collect } from '@keelson/process';
import type { ImageName } from '@keelson/provisioner';
import type { PruneReport, RemovedImage } from '@keelson/store';
import { emptyPruneReport } from '@keelson/store';
import type { DockerContext } from './docker-context.js';
import type { EnginePrune } from './engine-answer.js';
import type { EngineNames } from './engine-names.js';

/**
 * Lets an engine prune its images, and keeps those that are excluded. An engine's prune spares the images of its
 * containers and knows no other exclusion; so each excluded image gets a container that is never started, for as long
 * as the prune takes. One that a crash leaves carries our label and is removed at the next start.
 *
 * The bytes are those the engine says it reclaimed. Exclusions that match nothing here are not reported: they may
 * well be meant for another containerizer.
 */
export function pruneEngine(
  { engine, random }: Pick<DockerContext, 'engine' | 'random'>,
  names: EngineNames,
  excluded: readonly ImageName[],
): Future<PruneReport> {
  const references = excluded.map(({ name }) => formatReference(parseReference(name)));
  const guards = references.map((reference) =>
    engine.image(reference).then((image): string[] | Future<string[]> => {
      if (!image) return [];
      const id = random.id('keep-');
      const body = { Image: image.id, Entrypoint: ['keep'], Labels: names.labelsOf(id) };
      return engine.create(names.nameOf(id), body).then((guard) => [guard]);
    }),
  );
  return awaitAll(guards).then((settled) => {
    const made = settled.flatMap((guard) => (guard.isReady() ? guard.get() : []));
    const pruned = collect(guards).then(() => engine.pruneImages());
    const removeGuards = (): Future<unknown> => awaitAll(made.map((guard) => engine.remove(guard)));
    return pruned
      .then((answer) => removeGuards().then(() => reportOf(answer)))
      .repair((failed) => removeGuards().then(() => failed));
  });
}

function reportOf({ entries, reclaimedBytes }: EnginePrune): PruneReport {
  const report = emptyPruneReport();
  return {
    ...report,
    removed: { ...report.removed, images: removedImages(entries) },
    bytes: { planned: reclaimedBytes, unlinked: reclaimedBytes, measured: 0 },
  };
}

/** Names come before the id they were names of. The engine does not say whose bytes are whose. */
function removedImages(entries: EnginePrune['entries']): RemovedImage[] {
  const removed: RemovedImage[] = [];
  let names: string[] = [];
  for (const { untagged, deleted } of entries) {
    if (untagged !== undefined && !untagged.includes('@')) names.push(untagged);
    if (deleted === undefined || !isDigest(deleted)) continue;
    for (const name of names) removed.push({ reference: canonical(name), digest: deleted, uniqueBytes: 0 });
    names = [];
  }
  return removed;
}

function canonical(name: string): string {
  try {
    return formatReference(parseReference(name));
  } catch {
    return name;
  }
}
