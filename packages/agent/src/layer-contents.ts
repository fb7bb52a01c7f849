import type { Files } from '@keelson/os/ports';
import type { Executor } from '@keelson/process';
import { collect, Future } from '@keelson/process';
import type { LayerRecord, StorePaths } from '@keelson/store';
import type { ConsistencyProblem } from './consistency.js';

/** Layers hashed at once; the executor has its own bound. */
const width = 8;

/**
 * Hashes the trees of layers again and names those that are not what was unpacked. What is pruned meanwhile is left
 * out. A tree that cannot be read is told and not called damaged: that may pass (EIO, EMFILE).
 */
export function checkContents(
  layers: readonly LayerRecord[],
  { paths, files, executor }: { readonly paths: StorePaths; readonly files: Files; readonly executor: Executor },
): Future<ConsistencyProblem[]> {
  const hashOne = ({ id, rootfsDigest }: LayerRecord): Future<ConsistencyProblem[]> => {
    if (rootfsDigest === undefined) return Future.ready([]);
    return executor
      .execute<{ digest: string }>({ name: 'store.hash-tree', input: { path: paths.rootfs(id) } })
      .then(({ digest }): ConsistencyProblem[] => {
        if (digest === rootfsDigest) return [];
        return [{ code: 'LAYER_DAMAGED', object: id, why: 'its files are not those that were unpacked' }];
      })
      .repair((failed) =>
        files.status(paths.layer(id)).then((status): ConsistencyProblem[] => {
          const why = `it cannot be hashed: ${failed.failure().message}`;
          return status ? [{ code: 'LAYER_UNREADABLE', object: id, why }] : [];
        }),
      );
  };
  const next = (from: number): Future<ConsistencyProblem[]> => {
    if (from >= layers.length) return Future.ready([]);
    return collect(layers.slice(from, from + width).map(hashOne)).then((found) =>
      next(from + width).then((rest) => [...found.flat(), ...rest]),
    );
  };
  return next(0);
}
