import type { Files } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { collect, Future } from '@keelson/process';
import { decodeRecord } from '@keelson/store';
import type { ContainerId } from './container-id.js';
import type { LayersRecord } from './layers-record.js';
import { layersRecord } from './layers-record.js';
import type { FoundRootfs, ListingObserver, Warn } from './list-containers.js';
import { listContainers, listRootfses } from './list-containers.js';
import type { ProvisionedContainer, ProvisionedRootfs } from './provisioned-container.js';
import { cannot, reasonOf } from './provisioner-error.js';
import type { ProvisionerPaths } from './provisioner-paths.js';

/**
 * The containers and their layers as the disk has them, parents first. Takes no lock and changes nothing: for
 * commands that only look, beside an agent at work, and for recovery.
 *
 * A container whose layers cannot be told (an unreadable record, or a root filesystem no record names)
 * carries `layersUnknown`; it never fails the whole reading.
 *
 * @throws ProvisionerError CONTAINERS_UNREADABLE  a folder of containers cannot be listed
 */
export function readProvisionedContainers(
  paths: ProvisionerPaths,
  files: Files,
  observer: Partial<ListingObserver> = {},
): Future<ProvisionedContainer[]> {
  return listContainers(paths, files, observer)
    .repair(cannot('CONTAINERS_UNREADABLE', `list the containers in '${paths.containers}'`))
    .then((ids) => collect(ids.map((id) => readContainer(id, paths, files, observer.warn))));
}

function readContainer(
  id: ContainerId,
  paths: ProvisionerPaths,
  files: Files,
  warn?: Warn,
): Future<ProvisionedContainer> {
  // In this order: the record is durable before its root filesystem is made, so what is listed has been
  // recorded.
  return listRootfses(id, paths, files, warn)
    .then((found) => readLayers(id, paths, files).then((record) => unite(id, found, record, paths, files)))
    .repair((failed) =>
      Future.ready({
        id,
        rootfses: [],
        layersUnknown: `The root filesystems of container '${id}' cannot be listed: ${reasonOf(failed.failure())}`,
      }),
    );
}

/** `undefined` when there is no record; a text says why there is one that cannot be used. */
function readLayers(
  id: ContainerId,
  paths: ProvisionerPaths,
  files: Files,
): Future<LayersRecord | string | undefined> {
  const path = paths.layers(id);
  const unusable = (why: string): string => `Cannot read the layers of container '${id}' from '${path}': ${why}`;
  return files
    .read(path)
    .then((bytes): LayersRecord | string | undefined => {
      const decoded = decodeRecord(layersRecord, bytes);
      return decoded.ok ? decoded.value : unusable(decoded.why);
    })
    .repair((failed) => {
      const failure = failed.failure();
      if (failure instanceof FileError && failure.code === 'ENOENT') return Future.ready(undefined);
      return Future.ready(unusable(reasonOf(failure)));
    });
}

function unite(
  id: ContainerId,
  found: readonly FoundRootfs[],
  record: LayersRecord | string | undefined,
  paths: ProvisionerPaths,
  files: Files,
): ProvisionedContainer | Future<ProvisionedContainer> {
  if (typeof record === 'string') {
    // The root filesystems are there to be taken down, though nobody knows what they stand on.
    return { id, rootfses: found.map(withoutLayers), layersUnknown: record };
  }
  const recorded = (record?.rootfses ?? []).map((rootfs): ProvisionedRootfs => {
    return { ...rootfs, rootfs: paths.rootfs(id, rootfs.backend, rootfs.rootfsId) };
  });
  const unrecorded = found.filter(({ rootfs }) => !recorded.some((known) => known.rootfs === rootfs));
  return collect(unrecorded.map((rootfs) => files.status(rootfs.rootfs))).then((statuses) => {
    // One that went while we read is no matter; its record went after it.
    const strays = unrecorded.filter((_, index) => statuses[index] !== undefined);
    const rootfses = [...recorded, ...strays.map(withoutLayers)];
    const [stray] = strays;
    if (!stray) return { id, rootfses };
    const layersUnknown = `'${paths.layers(id)}' of container '${id}' does not name '${stray.rootfs}'`;
    return { id, rootfses, layersUnknown };
  });
}

function withoutLayers(found: FoundRootfs): ProvisionedRootfs {
  return { ...found, reference: '', digest: '' as ProvisionedRootfs['digest'], layers: [] };
}
