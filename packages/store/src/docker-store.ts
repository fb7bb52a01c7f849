import { defer, Future, Sequence } from '@keelson/process';
import { readAreaBytes } from './area-bytes.js';
import type { DockerStoreOptions } from './docker-store-options.js';
import type { PullOptions } from './image-acquisition.js';
import { ImageAcquisition } from './image-acquisition.js';
import type { PulledImage } from './image-pull.js';
import { ImagePulls } from './image-pulls.js';
import type { InstalledLayer } from './layer-installer.js';
import { LayerInstaller } from './layer-installer.js';
import { LayerPublisher } from './layer-publisher.js';
import type { LayerRecord } from './layer-record.js';
import { parseSource } from './image-source.js';
import { treeOf } from './layer-record.js';
import { LayerShelf } from './layer-shelf.js';
import { LayerTable } from './layer-table.js';
import { loadImages } from './load-images.js';
import type { PrunePlan } from './plan.js';
import { PruneRequest } from './prune-request.js';
import type { PruneReport } from './prune-report.js';
import { PruneRun } from './prune-run.js';
import type { PullResult } from './pull-result.js';
import { pullResult } from './pull-result.js';
import type { Root } from './roots.js';
import { Roots } from './roots.js';
import { codeOf, StoreError } from './store-error.js';
import { StoreMetrics } from './store-metrics.js';
import type { StoreRecovery } from './store-recovery.js';
import { recoverStore } from './store-recovery.js';
import type { StoreRepair } from './store-repair.js';
import { repairStore } from './store-repair.js';
import type { GetOptions, Image, LayerId, LayerTree, StorePruneOptions } from './store.js';
import { Store } from './store.js';
import type { StoredImage } from './stored-image.js';
import type { SweepReport } from './sweeper.js';
import type { ImageSummary, StoreUsage } from './usage.js';
import { imageUsages, layerUsage } from './usage.js';

/**
 * Keeps image layers on disk and answers where they are. Read-through: an unknown image is pulled.
 *
 * Who needs a layer holds a root, taken in the turn in which the request is served; a prune takes only what
 * no root, no kept image and no container needs, by rename, while pulls and launches go on. The network is
 * never waited for under a lock. The answer of a prune does not wait for the sweep. Mirrors Mesos
 * `docker/store.cpp`.
 */
export class DockerStore extends Store<DockerStore> {
  readonly metrics: StoreMetrics;
  readonly #options: DockerStoreOptions;
  readonly #table = new LayerTable();
  readonly #roots = new Roots();
  readonly #prunes = new Sequence();
  readonly #installer: LayerInstaller;
  readonly #shelf: LayerShelf;
  readonly #images: ImageAcquisition;
  #recovering: Future<void> | undefined;
  #recovery: StoreRecovery | undefined;

  constructor(options: DockerStoreOptions) {
    super('docker-store');
    this.#options = options;
    this.metrics = new StoreMetrics(options.clock, () => this.#roots.counts);
    const shared = { ...options, table: this.#table, roots: this.#roots, owner: this };
    const publisher = new LayerPublisher(shared);
    const pulls = new ImagePulls(this.metrics);
    this.#installer = new LayerInstaller({
      ...shared,
      publisher,
      parallelDownloads: options.parallelDownloads ?? 3,
      unpackLimits: options.unpackLimits ?? {},
      onState: (id, state) => pulls.layerChanged(id, state),
      onReceived: (digest, receivedBytes) => pulls.received(digest, receivedBytes),
      discardArea: (unique) => this.#discardArea(unique),
    });
    this.#shelf = new LayerShelf({ ...shared, publisher });
    this.#images = new ImageAcquisition({
      ...shared,
      pulls,
      installer: this.#installer,
      shelf: this.#shelf,
      platform: options.platform ?? options.host.platform,
      maxImageBytes: options.maxImageBytes ?? 64 * 2 ** 30,
    });
  }

  /**
   * Makes directories and records agree, whatever the last owner left, and starts the sweep of what is in
   * `gc/`.
   * @throws StoreError STORE_UNUSABLE  a directory cannot be made; the message says which
   */
  override recover(): Future<void> {
    if (!this.#recovering) this.#options.onRecovering?.();
    this.#recovering ??= recoverStore(this.#options)
      .then(
        defer(this, ({ layers, report }) => {
          for (const layer of layers) this.#table.publish(layer);
          this.#recovery = report;
          this.#options.sweeper.sweep();
        }),
      )
      .onFailed(() => (this.#recovering = undefined));
    return this.#recovering.undiscardable();
  }

  /** What the last `recover` found and put right. */
  recovery(): StoreRecovery {
    return this.#expectRecovered('tell what was recovered');
  }

  /**
   * Answers the layers of `reference`, oldest first, pulling the image at most once however many ask.
   *
   * @param reference  as the user wrote it: a registry reference, `oci:PATH[:NAME]` or one of the archives
   * @returns discarding it gives up this caller's interest; the last one to go ends the pull
   * @throws StoreError NOT_RECOVERED, NAME_TAKEN, and what the puller says
   * @throws ImageError INVALID_REFERENCE
   */
  override get(reference: string, options: GetOptions = {}): Future<Image> {
    this.#expectRecovered(`get ${reference}`);
    return this.#acquire(reference, options).then(
      defer(this, ({ image, layers }) => {
        this.used([image.reference]);
        return this.#imageOf(image, layers);
      }),
    );
  }

  /** As `get`, and answers how the image got here. */
  pull(reference: string, options: PullOptions = {}): Future<PullResult> {
    this.#expectRecovered(`pull ${reference}`);
    const { clock } = this.#options;
    const startedAtMs = clock.now();
    return this.#acquire(reference, options).then((acquired) =>
      pullResult(acquired, clock.now() - startedAtMs),
    );
  }

  override used(references: readonly string[]): void {
    const { metadata, host } = this.#options;
    const at = new Date(host.wallClockMs()).toISOString();
    for (const reference of references) metadata.touch(reference, at);
  }

  /**
   * Pulls all images of a file or folder: an archive of `docker save`, an OCI archive, or an OCI layout.
   *
   * @param source  its path, or with a scheme as in `pull`; a selection takes one image
   * @throws StoreError ARCHIVE_INVALID, NAME_TAKEN, and what `pull` says; what was loaded before stays
   */
  load(source: string, options: PullOptions = {}): Future<readonly PullResult[]> {
    this.#expectRecovered(`load ${source}`);
    return loadImages(this.#options.puller, source, defer(this, (each) => this.pull(each, options)));
  }

  override trees(ids: readonly LayerId[]): Future<readonly (LayerTree | undefined)[]> {
    const { paths } = this.#options;
    const records = ids.map((id) => this.#table.record(id));
    return Future.ready(records.map((record) => record && treeOf(record, paths)));
  }

  override release(owner: string): void {
    this.#roots.release(owner);
  }

  /** Every image, with what it takes and what it would give back. */
  images(): Future<readonly ImageSummary[]> {
    return this.#options.metadata
      .images()
      .then(defer(this, ({ images }) => imageUsages({ images, layers: [...this.#table.records()] })));
  }

  /** Every layer that is present. */
  layers(): readonly LayerRecord[] {
    return [...this.#table.records()];
  }

  /** What the layers take on disk, as far as it is on record. */
  allocatedBytes(): number {
    let bytes = 0;
    for (const layer of this.#table.records()) bytes += layer.allocatedBytes;
    return bytes;
  }

  /** Every root, for `why` and for people. */
  roots(): readonly Root[] {
    return this.#roots.list();
  }

  /** What `prune` would do with the same arguments. Changes nothing. */
  plan(
    excluded: readonly string[] = [],
    activeLayers: readonly LayerId[] = [],
    options: StorePruneOptions = {},
  ): Future<PrunePlan> {
    this.#expectRecovered('plan a prune');
    return this.#request(excluded, activeLayers, options).plan();
  }

  /**
   * Forgets every image that is not used, excluded, pinned or held, and moves away every layer that nothing needs
   * any more; with `reclaim`, only as many images as that asks for.
   *
   * Runs beside pulls and launches: whatever is rooted while it is open is protected until its last rename.
   * Answers before the sweep; `swept` tells when the bytes are gone.
   *
   * @param excluded  every name is read before anything moves: one bad name fails the call
   * @throws StoreError NOT_RECOVERED  the inventory is not complete, so nothing can be proved unneeded
   * @throws StoreError PLAN_STALE     `planHash` names other decisions than those of now
   */
  override prune(
    excluded: readonly string[] = [],
    activeLayers: readonly LayerId[] = [],
    options: StorePruneOptions = {},
  ): Future<PruneReport> {
    this.#expectRecovered('prune');
    const request = this.#request(excluded, activeLayers, options);
    const opened = this.#roots.openPrune();
    options.onOpened?.();
    const context = {
      ...this.#options,
      table: this.#table,
      owner: this,
      heldReferences: () => request.heldReferences(),
      whyLive: (id: LayerId) => request.whyLive(id),
      sliceSize: this.#options.pruneSliceSize ?? 64,
    };
    const pruned = this.#prunes.add(
      defer(this, () => request.scope().then(defer(this, (scope) => new PruneRun(context, scope).run()))),
    );
    // Not on discard: the lingering roots must last until the last rename, whoever still waits for the answer.
    pruned.onAny(
      defer(this, () => {
        this.#roots.closePrune(opened);
        this.#options.sweeper.sweep();
      }),
    );
    pruned
      .onReady((report) => this.metrics.pruned(report))
      .onFailed(() => this.metrics.prunesFailed.increment());
    return pruned.undiscardable();
  }

  /**
   * Moves the damaged layers among `objects`, and what is no layer at all, into quarantine, and forgets the images that
   * are not whole then. What somebody needs stays, and is told.
   *
   * @param objects  names below `layers/`
   */
  repair(objects: readonly string[], activeLayers: readonly LayerId[] = []): Future<StoreRepair> {
    this.#expectRecovered('repair the store');
    const live = this.#roots.liveLayers(activeLayers, this.#installer.busy());
    const context = { ...this.#options, table: this.#table, shelf: this.#shelf, owner: this };
    return repairStore(context, objects, live).undiscardable();
  }

  /** Writes what is gathered and not written yet: when images were last used. For a clean end. */
  flush(): Future<void> {
    return this.#options.metadata.flush();
  }

  /** Settles when nothing in `gc/` is left that could be removed now. */
  swept(): Future<SweepReport> {
    return this.#options.sweeper.quiet();
  }

  /** Where the bytes are. Sizes come from records; no tree is walked. */
  usage(activeLayers: readonly LayerId[] = []): Future<StoreUsage> {
    return readAreaBytes(this.#options.paths, this.#options.files).then((areas) =>
      this.images().then((images) => {
        const live = new Set(this.#roots.liveLayers(activeLayers, this.#installer.busy()).keys());
        return { ...layerUsage(this.#table.records(), live), ...areas, images };
      }),
    );
  }

  #acquire(reference: string, options: PullOptions): Future<PulledImage> {
    const { onPulled, random } = this.#options;
    const { key } = parseSource(reference);
    // One root for both tries: what the first one has unpacked must not be what room is made by.
    const asker = options.owner ?? random.id(`request for ${key} `);
    const attempt = (): Future<PulledImage> => this.#images.acquire(reference, asker, options);
    const acquired = attempt()
      .repair(
        defer(this, (failed: Future<PulledImage>) =>
          this.#roomAfter(failed).then(
            // Who let go meanwhile must not be given a root again.
            defer(this, (room) => (room && this.#roots.holds(asker, key) ? attempt() : failed)),
          ),
        ),
      )
      .onReady(({ image, bytesDownloaded }) => {
        if (bytesDownloaded > 0) onPulled?.(image.reference);
      });
    if (options.owner === undefined) acquired.onAny(defer(this, () => this.#roots.release(asker)));
    return acquired;
  }

  #roomAfter(failed: Future<PulledImage>): Future<boolean> {
    const { makeRoom } = this.#options;
    if (!makeRoom || !noSpace.has(codeOf(failed.failure()) ?? '')) return Future.ready(false);
    return makeRoom().repair(() => Future.ready(false));
  }

  #imageOf(
    { reference, digest, indexDigest, config }: StoredImage,
    layers: readonly InstalledLayer[],
  ): Image {
    return {
      reference,
      digest,
      ...(indexDigest === undefined ? {} : { indexDigest }),
      config,
      layers: layers.map(({ record }) => treeOf(record, this.#options.paths)),
    };
  }

  #request(
    excluded: readonly string[],
    activeLayers: readonly LayerId[],
    options: StorePruneOptions,
  ): PruneRequest {
    const { metadata } = this.#options;
    const shared = { metadata, table: this.#table, roots: this.#roots, busy: this.#installer, owner: this };
    return new PruneRequest(shared, excluded, activeLayers, options);
  }

  /**
   * What still holds something goes by rename into `gc/`: a failed pull leaves nothing behind, however large
   * it was.
   */
  #discardArea(unique: string): void {
    const { paths, files, random, sweeper } = this.#options;
    const area = paths.stagingArea(unique);
    files.removeDirectory(area).repair(() =>
      files.rename(area, paths.trash('staging', random.id(''))).then(() => {
        sweeper.sweep();
      }),
    );
  }

  #expectRecovered(what: string): StoreRecovery {
    if (this.#recovery) return this.#recovery;
    throw new StoreError('NOT_RECOVERED', `cannot ${what}: the store has not been recovered yet`);
  }
}

const noSpace = new Set(['ENOSPC', 'EDQUOT']);
