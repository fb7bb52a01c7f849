import type { Digest } from '@keelson/image';
import type { Files, Host } from '@keelson/os/ports';
import type { Executor, PID, Process, Random } from '@keelson/process';
import { defer, Future } from '@keelson/process';
import type { BlobLease } from './blob-cache.js';
import { BlobCache } from './blob-cache.js';
import { gather } from './gather.js';
import { GroupedSync } from './grouped-sync.js';
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

/** A layer below, as the job takes it. */
interface StackedLayer {
  readonly rootfs: string;
  readonly stagedRootfs?: string;
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
}

/** What the job `store.unpack-layer` answers. */
interface UnpackedLayer {
  readonly whiteouts: readonly string[];
  readonly opaques: readonly string[];
  readonly sizeBytes: number;
  readonly allocatedBytes: number;
  readonly entries: number;
  /** For the job `store.hash-tree`. */
  readonly contents: Uint8Array;
  readonly plain: boolean;
}

/** A layer that is whole in staging, and what the layers above need to know of it. */
interface StagedLayer {
  readonly stage: string;
  readonly unpacked: UnpackedLayer;
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
 * published by one rename. The next layer is unpacked as soon as its parent is whole in staging, while that is
 * made durable; it is published after it. Who calls has rooted the whole chain of the layer beforehand. A layer
 * that a prune has condemned is waited for, because it may be rescued by that root.
 */
export class LayerInstaller {
  readonly #flights = new SingleFlight<LayerId, InstalledLayer>();
  readonly #origins = new Map<LayerId, string>();
  readonly #busy = new Map<string, readonly LayerId[]>();
  readonly #blobs: BlobCache;
  readonly #durable: GroupedSync;
  /** Layers under way, by id. */
  readonly #staged = new Map<LayerId, Future<StagedLayer>>();

  constructor(private readonly options: LayerInstallerOptions) {
    this.#durable = new GroupedSync(options.files, options.paths.staging);
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
    const unpack = (): Future<StagedLayer> => this.#unpack(image, index, unique, blob.get());
    const staged = gather<unknown>([blob, this.#whenStaged(image, index - 1, parent)]).then(
      defer(this.options.owner, () => {
        if (this.#isStacked(image, index)) return unpack();
        // One further down has failed meanwhile, which is what the parent is about to say.
        return parent.undiscardable().then(defer(this.options.owner, unpack));
      }),
    );
    this.#staged.set(layer.id, staged);
    const durable = staged.then((whole) => this.#makeDurable(image, index, whole));
    const work = gather<unknown>([durable, parent])
      .then(() => this.options.publisher.publish(durable.get(), staged.get().stage))
      .then((record): InstalledLayer => {
        this.options.onState(layer.id, 'done');
        return { record, reused: false, downloadedBytes: blob.get().blob.downloadedBytes };
      });
    work.onAny(
      defer(this.options.owner, () => {
        parent.discard();
        if (blob.isReady()) blob.get().release();
        else blob.discard();
        this.#busy.delete(unique);
        if (this.#staged.get(layer.id) === staged) this.#staged.delete(layer.id);
        if (!this.#flights.has(layer.id)) this.#origins.delete(layer.id);
        this.options.discardArea(unique);
      }),
    );
    return work;
  }

  /** Ready when the layer at `index` can be built on, which is before `installed` unless it is here already. */
  #whenStaged(image: ResolvedImage, index: number, installed: Future<unknown>): Future<unknown> {
    const staged = index < 0 ? undefined : this.#staged.get(image.layers[index]!.id);
    // One that fails may still be had from our own registry.
    return staged?.undiscardable().repair(() => installed.undiscardable()) ?? installed.undiscardable();
  }

  /** Whether every layer below is here, be it in staging. */
  #isStacked(image: ResolvedImage, index: number): boolean {
    const { table } = this.options;
    return image.layers.slice(0, index).every(({ id }) => table.record(id) ?? this.#staged.get(id)?.isReady());
  }

  #unpack(image: ResolvedImage, index: number, unique: string, { blob }: BlobLease): Future<StagedLayer> {
    const { paths, files, executor, host, unpackLimits, onState } = this.options;
    const layer = image.layers[index]!;
    const stage = `${paths.stagingArea(unique)}/${layer.id}`;
    const lower = image.layers.slice(0, index).map(({ id }) => this.#stackedLayer(id));
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
      .then((unpacked) => ({ stage, unpacked }));
  }

  /** A layer below the one that is unpacked: where it is, or where it is until it is published. */
  #stackedLayer(id: LayerId): StackedLayer {
    const { paths, table } = this.options;
    const rootfs = paths.rootfs(id);
    const published = table.record(id);
    if (published) return { rootfs, whiteouts: published.whiteouts, opaques: published.opaques };
    const { stage, unpacked } = this.#staged.get(id)!.get();
    return { rootfs, stagedRootfs: `${stage}/rootfs`, whiteouts: unpacked.whiteouts, opaques: unpacked.opaques };
  }

  /** Its tree is hashed while it is made durable, and the next layer unpacked. */
  #makeDurable(image: ResolvedImage, index: number, { stage, unpacked }: StagedLayer): Future<LayerRecord> {
    const { executor, files } = this.options;
    const input = { path: `${stage}/rootfs`, known: unpacked.contents, plain: unpacked.plain };
    const hashed = executor.execute<{ digest: Digest }>({ name: 'store.hash-tree', input });
    return gather<unknown>([hashed, this.#durable.sync()]).then(() => {
      const record = this.#recordOf(image, index, unpacked, hashed.get().digest);
      return files.writeDurably(`${stage}/layer.json`, encodeRecord(layerRecordFormat, record)).then(() => record);
    });
  }

  #recordOf(
    image: ResolvedImage,
    index: number,
    unpacked: UnpackedLayer,
    rootfsDigest: Digest,
  ): LayerRecord {
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
      rootfsDigest,
    };
  }
}
