import type { Files } from '@keelson/os/ports';
import type { Process, Random } from '@keelson/process';
import { defer, Future, Sequence } from '@keelson/process';
import type { LayerRecord } from './layer-record.js';
import type { LayerTable } from './layer-table.js';
import type { StorePaths } from './paths.js';
import { codeOf } from './store-error.js';
import type { LayerId } from './store.js';

export interface LayerPublisherOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly random: Random;
  readonly table: LayerTable;
  /** In whose mailbox the table is changed. */
  readonly owner: Process<unknown>;
}

/**
 * The one place where a layer becomes visible: one rename, of a directory that is whole and durable already.
 *
 * One at a time, and never given up half-way: an install that was discarded while its rename ran would leave
 * a layer on disk that the table does not know.
 */
export class LayerPublisher {
  readonly #turns = new Sequence();

  constructor(private readonly options: LayerPublisherOptions) {}

  /**
   * Moves `stage` to its place; if another install of the same layer was first, answers that one's record.
   */
  publish(record: LayerRecord, stage: string): Future<LayerRecord> {
    return this.#turns.add(defer(this.options.owner, () => this.#settled(record, stage))).undiscardable();
  }

  /** Takes whatever lies in the place of a layer that the table does not have out of the way. */
  clear(id: LayerId): Future<void> {
    const { paths, files, random } = this.options;
    const target = paths.quarantined(id, random.id(''));
    return files.rename(paths.layer(id), target).repair((failed) => {
      if (codeOf(failed.failure()) === 'ENOENT') return Future.ready();
      throw failed.failure();
    });
  }

  #settled(record: LayerRecord, stage: string): Future<LayerRecord> {
    const { table, owner } = this.options;
    const present = table.record(record.id);
    if (present) return Future.ready(present);
    if (table.stateOf(record.id) === 'condemned') {
      return table.decided(record.id).then(defer(owner, () => this.#settled(record, stage)));
    }
    return this.#rename(record, stage).then(
      defer(owner, () => {
        table.publish(record);
        return record;
      }),
    );
  }

  #rename(record: LayerRecord, stage: string): Future<void> {
    const { paths, files } = this.options;
    const target = paths.layer(record.id);
    return files
      .rename(stage, target)
      .repair((failed) => {
        // Something lies there that is no layer of ours, or it would be in the table.
        if (!['EEXIST', 'ENOTEMPTY', 'ENOTDIR'].includes(codeOf(failed.failure()) ?? ''))
          throw failed.failure();
        return this.clear(record.id).then(() => files.rename(stage, target));
      })
      .then(() => files.syncDirectory(paths.layers).repair((failed) => this.#takeBack(record, stage, failed)));
  }

  /**
   * It is in its place but not durably, so nobody may be told that it is there. Left there it would be a layer that the
   * table does not know: no prune would take it, and the next install would move it into quarantine for good.
   */
  #takeBack(record: LayerRecord, stage: string, failed: Future<void>): Future<void> {
    const { paths, files } = this.options;
    return files.rename(paths.layer(record.id), stage).then(() => failed);
  }
}
