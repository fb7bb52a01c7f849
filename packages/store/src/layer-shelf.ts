import type { Files } from '@keelson/os/ports';
import type { Process } from '@keelson/process';
import { defer, Future } from '@keelson/process';
import { gather } from './gather.js';
import type { LayerPublisher } from './layer-publisher.js';
import type { LayerTable } from './layer-table.js';
import type { StorePaths } from './paths.js';
import type { LayerId } from './store.js';

export interface LayerShelfOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly table: LayerTable;
  readonly publisher: LayerPublisher;
  /** In whose mailbox the table is changed. */
  readonly owner: Process<unknown>;
}

/**
 * Compares the table with the disk for layers that are about to be used. What somebody deleted behind our
 * back is dropped from the table and moved aside, so that it is fetched again (Mesos `store.cpp` looks before
 * each use too).
 */
export class LayerShelf {
  constructor(private readonly options: LayerShelfOptions) {}

  /**
   * True if every one of `ids` is present, in the table and on disk. The caller has rooted them: a condemned
   * layer is waited for, because that root rescues it.
   */
  verify(ids: readonly LayerId[]): Future<boolean> {
    const { table, owner } = this.options;
    return gather(ids.map((id) => table.decided(id)))
      .then(defer(owner, () => gather([...new Set(ids)].map((id) => this.#verifyOne(id)))))
      .then((present) => present.every(Boolean));
  }

  #verifyOne(id: LayerId): Future<boolean> {
    const { paths, files, table, publisher, owner } = this.options;
    if (table.stateOf(id) !== 'present') return Future.ready(false);
    return files.status(paths.rootfs(id)).then(
      defer(owner, (status): boolean | Future<boolean> => {
        if (status?.kind === 'directory') return true;
        if (table.stateOf(id) !== 'present') return false;
        table.drop(id);
        return publisher.clear(id).then(() => false);
      }),
    );
  }
}
