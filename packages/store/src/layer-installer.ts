import type { Digest } from '@keelson/image';
import type { Files, Host } from '@keelson/os/ports';
import type { Executor, PID, Process, Random } from '@keelson/process';
import { defer, Future } from '@keelson/process';
import type { BlobLease } from './blob-cache.js';
import { BlobCache } from './blob-cache.js';
import { gather } from './gather.js';
import type { LayerPublisher } from './layer-publisher.js';
import type { LayerRecord } from './layer-record.js';
import { layerRecordFormat } from './layer-record.js';
import type { LayerTable } from './layer-table.js';
import type { StorePaths } from './paths.js';
import type { LayerPullState } from './pull-progress.js';
import type { Puller, ResolvedImage } from './puller.js';
import { originKey } from './puller.js';
import { encodeRecord } from './record.js';
import { SingleFlight } from './single-flight.js';
import type { LayerId } from './store.js';

/** What the job `store.unpack-layer` answers. */
interface UnpackedLayer {
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly entries: number;
}

export interface LayerInstallerOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly executor: Executor;
  readonly host: Host;
  readonly random: Random;
  readonly puller: PID<Puller>;
  readonly table: LayerTable;
  readonly publisher: LayerPublisher;
  /** In whose mailbox every step that reads or writes the table runs. */
  readonly owner: Process<unknown>;
  readonly parallelDownloads: number;
  /** Handed to the unpacker as they are. */
  readonly unpackLimits: Readonly<Record<string, number>>;
  readonly onState: (id: LayerId, state: LayerPullState) => void;
  readonly onReceived: (digest: Digest, receivedBytes: number) => void;
  /** Throws a staging area away, whatever it holds. */
  readonly discardArea: (unique: string) => void;
}

/** A layer that is on disk now. */
export interface InstalledLayer {
  readonly record: LayerRecord;
  readonly reused: boolean;
  readonly downloadedBytes: number;
}

/**
 * Gets layers onto the disk, each once, however many pulls want it.
 *
 * A layer is fetched beside the others but unpacked over its parent: in staging first, made durable, then
 * published by one rename. Who calls has rooted the whole chain of the layer beforehand. A layer that a prune
 * has condemned is waited for, because it may be rescued by that root.
 */
export class LayerInstaller {
  readonly #flights = new SingleFlight<LayerId, InstalledLayer>();
  readonly #origins = new Map<LayerId, string>();
  readonly #busy = new Map<string, readonly LayerId[]>();
  readonly #blobs: BlobCache;

  constructor(private readonly options: LayerInstallerOptions) {
    const { paths, files, random, puller, parallelDownloads, onReceived } = options;
    this.#blobs = new BlobCache({ paths, files, random, puller, parallelDownloads, onProgress: onReceived });
  }

  /**
   * Layers that work under way needs, also work nobody is interested in any more: it may not have ended yet.
   */
  *busy(): Iterable<LayerId> {
    for (const chain of this.#busy.values()) yield* chain;
  }

  isBusy(id: LayerId): boolean {
    for (const chain of this.#busy.values()) if (chain.includes(id)) return true;
    return false;
  }

  /** Gets the layer at `index` of `image` and all below it. Discarding gives up this interest alone. */
  ensure(image: ResolvedImage, index: number): Future<InstalledLayer> {
    const { id } = image.layers[index]!;
    const { table } = this.options;
    switch (table.stateOf(id)) {
      case 'present':
        this.options.onState(id, 'reused');
        return Future.ready({ record: table.record(id)!, reused: true, downloadedBytes: 0 });
      case 'condemned':
        return table.decided(id).then(defer(this.options.owner, () => this.ensure(image, index)));
      case 'absent':
        return this.#join(image, index, id);
    }
  }

  #join(image: ResolvedImage, index: number, id: LayerId): Future<InstalledLayer> {
    const own = originKey(image.origin);
    const shared = this.#flights.join(id, () => {
      this.#origins.set(id, own);
      return this.#install(image, index);
    });
    const origin = this.#origins.get(id);
    if (origin === own) return shared;
    // Somebody else's registry failed, which says nothing about ours.
    return shared.repair(defer(this.options.owner, () => this.ensure(image, index)));
  }

  #install(image: ResolvedImage, index: number): Future<InstalledLayer> {
    const layer = image.layers[index]!;
    const unique = this.options.random.id('');
    this.#busy.set(
      unique,
      image.layers.slice(0, index + 1).map(({ id }) => id),
    );

    const blob = this.#blobs.acquire(layer, image.origin);
    const parent: Future<unknown> = index === 0 ? Future.ready() : this.ensure(image, index - 1);
    const work = gather<unknown>([blob, parent]).then(
      defer(this.options.owner, () => this.#unpack(image, index, unique, blob.get())),
    );
    work.onAny(
      defer(this.options.owner, () => {
        parent.discard();
        if (blob.isReady()) blob.get().release();
        else blob.discard();
        this.#busy.delete(unique);
        if (!this.#flights.has(layer.id)) this.#origins.delete(layer.id);
        this.options.discardArea(unique);
      }),
    );
    return work;
  }

  #unpack(image: ResolvedImage, index: number, unique: string, { blob }: BlobLease): Future<InstalledLayer> {
    const { paths, files, executor, host, table, publisher, unpackLimits, onState } = this.options;
    const layer = image.layers[index]!;
    const stage = `${paths.stagingArea(unique)}/${layer.id}`;
    const lower = image.layers.slice(0, index).map(({ id }) => {
      const { whiteouts, opaques } = table.record(id)!;
      return { rootfs: paths.rootfs(id), whiteouts, opaques };
    });
    onState(layer.id, 'unpacking');

    return files
      .makeDirectory(stage)
      .then(() =>
        executor.execute<UnpackedLayer>({
          name: 'store.unpack-layer',
          input: {
            blobPath: blob.path,
            ...(blob.slice && { slice: blob.slice }),
            ...(blob.unverified && { blobDigest: layer.digest }),
            compression: layer.compression,
            target: stage,
            lower,
            expectedDiffId: layer.diffId,
            limits: unpackLimits,
            privileged: host.effectiveUserId === 0,
          },
        }),
      )
      .then((unpacked) => {
        // Hashed while it goes to the disk: the one needs a processor, the other does not.
        const hashed = executor.execute<{ digest: Digest }>({
          name: 'store.hash-tree',
          input: { path: `${stage}/rootfs` },
        });
        return gather<unknown>([hashed, files.syncFileSystem(stage)]).then(() => {
          const record = this.#recordOf(image, index, unpacked, hashed.get().digest);
          return files
            .writeDurably(`${stage}/layer.json`, encodeRecord(layerRecordFormat, record))
            .then(() => publisher.publish(record, stage));
        });
      })
      .then((record) => {
        onState(layer.id, 'done');
        return { record, reused: false, downloadedBytes: blob.downloadedBytes };
      });
  }

  #recordOf(image: ResolvedImage, index: number, unpacked: UnpackedLayer, treeDigest: Digest): LayerRecord {
    const { id, diffId, digest, sizeBytes } = image.layers[index]!;
    const parent = image.layers[index - 1]?.id;
    return {
      id,
      diffId,
      ...(parent === undefined ? {} : { parent }),
      sizeBytes: unpacked.sizeBytes,
      allocatedBytes: unpacked.allocatedBytes,
      entries: unpacked.entries,
      whiteouts: unpacked.whiteouts,
      opaques: unpacked.opaques,
      blob: { digest, sizeBytes },
      createdAt: new Date(this.options.host.wallClockMs()).toISOString(),
      treeDigest,
    };
  }
}
