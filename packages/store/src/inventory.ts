import type { FileError, Files } from '@keelson/os/ports';
import type { Executor } from '@keelson/process';
import { Future } from '@keelson/process';
import { inBatches } from './batches.js';
import { codeOf } from './store-error.js';
import { JournalReader } from './image-journal.js';
import { isLayerId } from './layer-id.js';
import type { LayerRecord } from './layer-record.js';
import { layerRecordFormat } from './layer-record.js';
import type { StorePaths } from './paths.js';
import { decodeRecord } from './record.js';
import type { StoredImage } from './stored-image.js';

/** Something in the store's directories that is not what it should be. */
export interface StoreProblem {
  /** Name below `layers/`, or `storedImages`. */
  readonly object: string;
  readonly code: 'UNKNOWN' | 'EMPTY' | 'CORRUPT' | 'FUTURE' | 'ROOTFS_MISSING';
  readonly why: string;
}

export interface LayerScan {
  readonly layers: readonly LayerRecord[];
  readonly problems: readonly StoreProblem[];
}

/** What the directories say, read without the lock and without changing anything. */
export interface StoreInventory extends LayerScan {
  readonly storeVersion: number;
  readonly images: readonly StoredImage[];
}

/** Reads under `layers/` at most this many records at a time. */
const width = 64;

/**
 * The store as its files tell it, for commands that only read and must work beside a running owner.
 *
 * What disappears between listing and reading was pruned meanwhile and is left out. A store that does not
 * exist yet is empty.
 */
export function readInventory(paths: StorePaths, files: Files): Future<StoreInventory> {
  return readJournal(paths, files).then((journal) =>
    scanLayers(paths, files).then((scan) => ({
      storeVersion: journal.table.storeVersion,
      images: journal.problem ? [] : [...journal.table.images.values()],
      layers: scan.layers,
      problems: [journal.problem ?? journal.tailProblem ?? []].flat().map(
        (problem): StoreProblem => ({ object: 'storedImages', ...problem }),
      ).concat(scan.problems),
    })),
  );
}

/**
 * Reads every layer's record; what is broken or foreign is answered as a problem.
 *
 * @param executor  where many are read: what goes there file by file costs more on the way than for the reading
 */
export function scanLayers(paths: StorePaths, files: Files, executor?: Executor): Future<LayerScan> {
  return listOrNone(files, paths.layers)
    .then((entries) => {
      const names = entries.map((entry) => entry.name);
      if (executor === undefined || names.length < many) return readEach(paths, files, names);
      const count = Math.ceil(names.length / part);
      const parts = Array.from({ length: count }, (_, index) => names.slice(index * part, (index + 1) * part));
      const read = inBatches(parts, partsAtOnce, (each) => readPart(paths, files, executor, each));
      return read.then((layers) => layers.flat());
    })
    .then((read) => ({
      layers: read.flatMap((one) => (one && 'id' in one ? [one] : [])),
      problems: read.flatMap((one) => (one && 'object' in one ? [one] : [])),
    }));
}

/** From so many layers on, they are read in a worker: so many at a time, and so many times at once. */
const many = 1_000;
const part = 250;
const partsAtOnce = 4;

/** Whatever the worker did not find as it should be is looked at by itself. */
function readPart(
  paths: StorePaths,
  files: Files,
  executor: Executor,
  names: readonly string[],
): Future<readonly (LayerRecord | StoreProblem | undefined)[]> {
  const layers = names.map((name) => ({ record: paths.layerRecord(name), rootfs: paths.rootfs(name) }));
  return executor
    .execute<{ records: readonly (string | undefined)[] }>({ name: 'store.read-layers', input: { layers } })
    .repair(() => Future.ready({ records: [] }))
    .then(({ records }) => {
      const read = names.map((name, index) => (isLayerId(name) ? wholeRecord(name, records[index]) : undefined));
      const rest = names.filter((_, index) => read[index] === undefined);
      return readEach(paths, files, rest).then((others) => [...read, ...others]);
    });
}

function readEach(
  paths: StorePaths,
  files: Files,
  names: readonly string[],
): Future<readonly (LayerRecord | StoreProblem | undefined)[]> {
  return inBatches(names, width, (name) => readLayer(paths, files, name));
}

function wholeRecord(name: string, text: string | undefined): LayerRecord | undefined {
  const record = text === undefined ? undefined : decodeRecord(layerRecordFormat, text);
  return record?.ok && record.value.id === name ? record.value : undefined;
}

/** Names in `directory`, none when it is missing. */
export function listOrNone(files: Files, directory: string): ReturnType<Files['list']> {
  return files.list(directory).repair((failed) => {
    if (isMissing(failed.failure())) return Future.ready([]);
    throw failed.failure();
  });
}

function readJournal(paths: StorePaths, files: Files): Future<JournalReader> {
  return files
    .read(paths.storedImages, { maxBytes: maxJournalBytes })
    .repair((failed) => {
      if (isMissing(failed.failure())) return Future.ready(new Uint8Array());
      throw failed.failure();
    })
    .then((bytes) => {
      const reader = new JournalReader(bytes);
      // A file that was never written is an empty store, not a damaged one.
      if (bytes.length === 0) reader.problem = undefined;
      while (!reader.advance(1_000));
      return reader;
    });
}

function readLayer(
  paths: StorePaths,
  files: Files,
  name: string,
): Future<LayerRecord | StoreProblem | undefined> {
  if (!isLayerId(name)) return Future.ready({ object: name, code: 'UNKNOWN', why: 'not a layer id' });
  return files
    .read(paths.layerRecord(name))
    .then((bytes): LayerRecord | StoreProblem | Future<LayerRecord | StoreProblem> => {
      const record = decodeRecord(layerRecordFormat, bytes);
      if (!record.ok) return { object: name, code: record.problem, why: record.why };
      if (record.value.id !== name) {
        return { object: name, code: 'CORRUPT', why: `its record is that of ${record.value.id}` };
      }
      return files.status(paths.rootfs(name)).then((status): LayerRecord | StoreProblem => {
        if (status?.kind === 'directory') return record.value;
        return { object: name, code: 'ROOTFS_MISSING', why: 'it has no rootfs directory' };
      });
    })
    .repair((failed): Future<LayerRecord | StoreProblem | undefined> =>
      unreadableLayer(paths, files, name, failed),
    );
}

/**
 * Tells a layer that was pruned meanwhile from one whose record is missing or is no file.
 *
 * Any other error says something of the machine (EIO, EMFILE, EACCES) and nothing of the layer: it fails the reading.
 * To move the layer aside for it would take it from a container that stands on it, and one start without file
 * descriptors would empty the whole store (cri-o/cri-o#9968).
 */
function unreadableLayer(
  paths: StorePaths,
  files: Files,
  name: string,
  failed: Future<unknown>,
): Future<StoreProblem | undefined> {
  const failure = failed.failure();
  if (!ofTheEntry.has(codeOf(failure) ?? '')) throw failure;
  return files
    .status(paths.layer(name))
    .then((status): StoreProblem | undefined =>
      status
        ? { object: name, code: 'CORRUPT', why: `its record cannot be read: ${failure.message}` }
        : undefined,
    );
}

/** Errors that say what lies at a path. */
const ofTheEntry = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EFBIG']);

function isMissing(error: Error): boolean {
  return codeOf(error) === ('ENOENT' satisfies FileError['code']);
}

/** Far above 10,000 images of a few kilobytes each. */
export const maxJournalBytes = 1 << 30;
