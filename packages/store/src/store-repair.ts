import type { Files } from '@keelson/os/ports';
import type { PID, Process, Random } from '@keelson/process';
import { awaitAll, defer, Future } from '@keelson/process';
import { isLayerId } from './layer-id.js';
import type { LayerShelf } from './layer-shelf.js';
import type { LayerTable } from './layer-table.js';
import type { MetadataManager } from './metadata-manager.js';
import type { StorePaths } from './paths.js';
import type { Verdict } from './prune-report.js';
import { codeOf } from './store-error.js';
import type { LayerId } from './store.js';

/** What a repair did. */
export interface StoreRepair {
  /** Names below `layers/` that lie in `quarantine/` now. */
  readonly quarantined: readonly string[];
  /** Image names that are forgotten, because a layer of theirs is gone. The next use pulls what is missing. */
  readonly droppedImages: readonly string[];
  /** What had to stay, and why. */
  readonly kept: readonly Verdict[];
}

export interface RepairContext {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly random: Random;
  readonly metadata: PID<MetadataManager>;
  readonly table: LayerTable;
  readonly shelf: LayerShelf;
  /** In whose mailbox the table is changed. */
  readonly owner: Process<unknown>;
}

/**
 * Moves what is damaged aside, and nothing else: the layers named, not those above or below them, which a pull then
 * finds where they are. Nothing is deleted: what lies in quarantine may be looked at.
 *
 * @param objects  names below `layers/`
 * @param live     layers that somebody needs, and who: they stay
 */
export function repairStore(
  context: RepairContext,
  objects: readonly string[],
  live: ReadonlyMap<LayerId, string>,
): Future<StoreRepair> {
  const { owner, metadata } = context;
  const quarantined: string[] = [];
  const kept: Verdict[] = [];
  const moves = objects.map((object) => {
    const why = live.get(object);
    if (why === undefined) return moveAside(context, object);
    kept.push({ object, why });
    return Future.ready(false);
  });
  return awaitAll(moves)
    .then((moved) => {
      moved.forEach((move, index) => {
        const object = objects[index]!;
        if (!move.isReady()) kept.push({ object, why: move.isFailed() ? move.failure().message : move.toString() });
        else if (move.get()) quarantined.push(object);
      });
      // What is in memory is the truth: a journal that was damaged under a running owner is written anew.
      return metadata.rewrite();
    })
    // Layers that somebody deleted behind our back are dropped from the table.
    .then(defer(owner, () => context.shelf.verify([...context.table.ids()])))
    .then(defer(owner, () => dropIncomplete(context)))
    .then((droppedImages) => ({ quarantined, droppedImages, kept }));
}

/** True if it lies in quarantine now; false if there is nothing to move, or a prune has it. */
function moveAside({ paths, files, random, table, owner }: RepairContext, object: string): Future<boolean> {
  const known = isLayerId(object) ? table.stateOf(object) : 'absent';
  if (known === 'condemned') return Future.ready(false);
  if (known === 'present') table.condemn(object);
  return files
    .rename(`${paths.layers}/${object}`, paths.quarantined(object, random.id('')))
    .then(() => files.syncDirectory(paths.layers))
    .then(() => true)
    .repair((failed) => (codeOf(failed.failure()) === 'ENOENT' ? Future.ready(false) : failed))
    .onAny(
      defer(owner, (move: Future<boolean>) => {
        if (known !== 'present') return;
        if (move.isReady()) table.remove(object);
        else table.rescue(object);
      }),
    );
}

/** Every listed image is whole. */
function dropIncomplete({ metadata, table }: RepairContext): Future<readonly string[]> {
  return metadata.images().then(({ images }) => {
    const incomplete = images.filter(({ layers }) => layers.some((id) => table.stateOf(id) === 'absent'));
    const references = incomplete.map(({ reference }) => reference);
    return references.length === 0 ? [] : metadata.forget(references);
  });
}
