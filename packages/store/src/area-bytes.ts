import type { Files } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { inBatches } from './batches.js';
import { listOrNone } from './inventory.js';
import { layerRecordFormat } from './layer-record.js';
import type { StorePaths } from './paths.js';
import { decodeRecord } from './record.js';

/** Bytes in the directories that hold no live layers. */
export interface AreaBytes {
  readonly trashBytes: number;
  readonly stagingBytes: number;
  readonly unaccountedBytes: number;
}

/**
 * What is in `gc/`, `staging/` and `quarantine/`, as far as it is on record: a layer that left took its
 * record along, a blob in transfer is one file. Trees are never walked, so what has no record counts as
 * nothing.
 */
export function readAreaBytes(paths: StorePaths, files: Files): Future<AreaBytes> {
  return sum(files, paths.gc, layerBytes).then((trashBytes) =>
    sum(files, paths.staging, blobBytes).then((stagingBytes) =>
      sum(files, paths.quarantine, layerBytes).then((unaccountedBytes) => ({
        trashBytes,
        stagingBytes,
        unaccountedBytes,
      })),
    ),
  );
}

type Measure = (files: Files, entry: string) => Future<number>;

function sum(files: Files, directory: string, measure: Measure): Future<number> {
  return listOrNone(files, directory)
    .then((entries) =>
      inBatches(entries, 64, ({ name }) =>
        measure(files, `${directory}/${name}`).repair(() => Future.ready(0)),
      ),
    )
    .then((sizes) => sizes.reduce((total, size) => total + size, 0));
}

function layerBytes(files: Files, entry: string): Future<number> {
  return files.read(`${entry}/layer.json`).then((bytes) => {
    const record = decodeRecord(layerRecordFormat, bytes);
    return record.ok ? record.value.allocatedBytes : 0;
  });
}

function blobBytes(files: Files, area: string): Future<number> {
  return files.status(`${area}/blob`).then((status) => status?.allocatedBytes ?? 0);
}
