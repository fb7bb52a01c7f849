import type { Files } from '@keelson/os/ports';
import { TEMPORARY_PREFIX } from '@keelson/os/ports';
import type { Executor, PID, Random } from '@keelson/process';
import type { Future } from '@keelson/process';
import { inBatches } from './batches.js';
import type { StoreProblem } from './inventory.js';
import { listOrNone, scanLayers } from './inventory.js';
import type { LayerRecord } from './layer-record.js';
import type { MetadataManager } from './metadata-manager.js';
import type { StorePaths } from './paths.js';
import { StoreError } from './store-error.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

/** What a start found and put right. */
export interface StoreRecovery {
  readonly layers: number;
  readonly images: number;
  /** Layers that no image needs: kept as cache, reused by a pull, removed by a prune. */
  readonly unreferencedLayers: number;
  /** Moved to `quarantine/`, and why. */
  readonly quarantined: readonly StoreProblem[];
  /** Forgotten, because layers of theirs are gone. The next use pulls them again. */
  readonly droppedImages: readonly { readonly reference: string; readonly missing: readonly LayerId[] }[];
  /** Pieces of interrupted work that were in `staging/`. */
  readonly clearedStaging: number;
}

export interface RecoveryContext {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly executor: Executor;
  readonly random: Random;
  readonly metadata: PID<MetadataManager>;
}

/** How many entries are moved at once. */
const width = 64;

/**
 * Makes the directories and the records agree again, whatever the last owner left.
 *
 * Whatever is unreadable or unknown is moved aside and counted, never deleted: a transient error must not
 * cost data (cri-o/cri-o#9968). Comparing goes both ways, because neither the records nor the directories
 * alone show what is lost.
 */
export function recoverStore(
  context: RecoveryContext,
): Future<{ layers: readonly LayerRecord[]; report: StoreRecovery }> {
  const { paths, files, executor, metadata } = context;
  return makeDirectories(context)
    .then(() => removeUnfinished(context))
    .then(() => clearStaging(context))
    .then((clearedStaging) =>
      metadata.recover().then(({ problem }) =>
        scanLayers(paths, files, executor).then((scan) =>
          quarantine(context, scan.problems).then(() =>
            dropBroken(context, scan.layers).then(({ images, droppedImages }) => ({
              layers: scan.layers,
              report: {
                layers: scan.layers.length,
                images: images.length,
                unreferencedLayers: unreferenced(scan.layers, images),
                quarantined: problem ? [problem, ...scan.problems] : scan.problems,
                droppedImages,
                clearedStaging,
              },
            })),
          ),
        ),
      ),
    );
}

function makeDirectories({ paths, files }: RecoveryContext): Future<void> {
  return inBatches(paths.directories(), 1, (directory) =>
    files.makeDirectory(directory, { mode: 0o700 }).repair((failed) => {
      const { message } = failed.failure();
      throw new StoreError('STORE_UNUSABLE', `cannot create ${directory}: ${message}`, {
        cause: failed.failure(),
      });
    }),
  ).then(() => {});
}

/** Records that were being replaced: nobody was told of them. What cannot be removed is in nobody's way. */
function removeUnfinished({ paths, files }: RecoveryContext): Future<unknown> {
  return listOrNone(files, paths.root).then((entries) => {
    const unfinished = entries.filter(({ name, kind }) => kind === 'file' && name.startsWith(TEMPORARY_PREFIX));
    return inBatches(unfinished, width, ({ name }) => files.remove(`${paths.root}/${name}`).repair(() => {}));
  });
}

/** Into `gc/`, because trees may be large and a start does not wait for deletions. */
function clearStaging({ paths, files, random }: RecoveryContext): Future<number> {
  return listOrNone(files, paths.staging)
    .then((entries) =>
      inBatches(entries, width, ({ name }) =>
        files.rename(paths.stagingArea(name), paths.trash('staging', random.id(''))),
      ),
    )
    .then((moved) => moved.length);
}

function quarantine(
  { paths, files, random }: RecoveryContext,
  problems: readonly StoreProblem[],
): Future<void> {
  return inBatches(problems, width, ({ object }) =>
    files.rename(`${paths.layers}/${object}`, paths.quarantined(object, random.id(''))),
  ).then(() => {});
}

function dropBroken(
  { metadata }: RecoveryContext,
  layers: readonly LayerRecord[],
): Future<{ images: readonly StoredImage[]; droppedImages: StoreRecovery['droppedImages'] }> {
  const present = new Set(layers.map((layer) => layer.id));
  return metadata.images().then(({ images }) => {
    const droppedImages = images
      .map(({ reference, layers: ids }) => ({ reference, missing: ids.filter((id) => !present.has(id)) }))
      .filter(({ missing }) => missing.length > 0);
    const dropped = new Set(droppedImages.map(({ reference }) => reference));
    const kept = images.filter((image) => !dropped.has(image.reference));
    if (dropped.size === 0) return { images: kept, droppedImages };
    return metadata.forget([...dropped]).then(() => ({ images: kept, droppedImages }));
  });
}

function unreferenced(layers: readonly LayerRecord[], images: readonly StoredImage[]): number {
  const needed = new Set(images.flatMap((image) => image.layers));
  return layers.filter((layer) => !needed.has(layer.id)).length;
}
