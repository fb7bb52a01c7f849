import type { Digest, LegacyLayer } from '@keelson/image';
import { parseLegacyLayer, parseRepositories } from '@keelson/image';
import type { Future } from '@keelson/process';
import { collect } from '@keelson/process';
import { readDocument } from '../layout/layout-content.js';
import { StoreError } from '../store-error.js';
import type { ArchivedImage, DockerArchiveContext } from './docker-archive.js';

/** More layers than any storage driver of that time could stack. */
const mostLayers = 1000;

/**
 * The images of an archive from before Docker 1.10: `repositories` names the top-most layer of each, and every
 * `<id>/json` names its parent. The configuration that came later is made from the top-most one.
 *
 * Mirrors what Mesos's image tar puller reads.
 *
 * @throws StoreError ARCHIVE_INVALID  neither kind of archive, or a chain of layers without end
 */
export function readLegacyImages(context: DockerArchiveContext): Future<readonly ArchivedImage[]> {
  const { files, members, maxDocumentBytes } = context;
  if (!members.has('repositories')) {
    const why = members.has('oci-layout') ? 'it is an OCI archive (oci-archive:)' : 'it has no manifest.json';
    throw new StoreError('ARCHIVE_INVALID', `${members.where} is no archive of docker save: ${why}`);
  }
  return readDocument(files, members, 'repositories', maxDocumentBytes).then((bytes) =>
    collect(
      [...parseRepositories(bytes)].map(([name, id]) =>
        chainOf(context, id).then((chain) => legacyImage(context, name, chain)),
      ),
    ),
  );
}

/** Base first. */
function chainOf(context: DockerArchiveContext, top: string): Future<readonly LegacyLayer[]> {
  const { files, members, maxDocumentBytes } = context;
  const below = (id: string, above: readonly LegacyLayer[]): Future<readonly LegacyLayer[]> => {
    if (above.length === mostLayers || above.some((layer) => layer.id === id)) {
      throw new StoreError('ARCHIVE_INVALID', `${members.where}: the layers below ${top} have no end`);
    }
    return readDocument(files, members, `${id}/json`, maxDocumentBytes)
      .then(parseLegacyLayer)
      .then((layer): readonly LegacyLayer[] | Future<readonly LegacyLayer[]> => {
        if (layer.id !== id) throw new StoreError('ARCHIVE_INVALID', `${members.where}: ${id}/json is of ${layer.id}`);
        const chain = [layer, ...above];
        return layer.parent === undefined ? chain : below(layer.parent, chain);
      });
  };
  return below(top, []);
}

function legacyImage(context: DockerArchiveContext, name: string, chain: readonly LegacyLayer[]): ArchivedImage {
  const { executor, members } = context;
  const layers = chain.map(({ id }) => members.find(`${id}/layer.tar`));
  return {
    repoTags: [name],
    layers,
    config: () =>
      collect(
        layers.map((layer) => {
          const { path, slice } = members.place(layer);
          return executor.execute<Digest>({ name: 'store.digest-blob', input: { path, slice } });
        }),
      ).then((diffIds) => configBytes(chain.at(-1)!, diffIds)),
  };
}

function configBytes({ document }: LegacyLayer, diffIds: readonly Digest[]): Uint8Array {
  const { os = 'linux', architecture = 'amd64', created, config } = document;
  return Buffer.from(
    JSON.stringify({ os, architecture, created, config, rootfs: { type: 'layers', diff_ids: diffIds } }),
  );
}
