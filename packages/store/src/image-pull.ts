import type { Digest, Platform } from '@keelson/image';
import type { Host } from '@keelson/os/ports';
import type { PID, Process, Random } from '@keelson/process';
import { defer, Future } from '@keelson/process';
import type { InspectionEvent } from 'xstate';
import { createActor } from 'xstate';
import { gather } from './gather.js';
import type { ImageSource } from './image-source.js';
import type { InstalledLayer, LayerInstaller } from './layer-installer.js';
import type { LayerShelf } from './layer-shelf.js';
import type { MetadataManager } from './metadata-manager.js';
import { PullBoard } from './pull-board.js';
import type { PullEvent } from './pull-machine.js';
import { pullMachine } from './pull-machine.js';
import type { Puller, ResolvedImage } from './puller.js';
import type { RegistryAccess } from './registry/credential.js';
import type { Roots } from './roots.js';
import { StoreError } from './store-error.js';
import type { StoredImage } from './stored-image.js';

export interface ImagePullContext {
  readonly puller: PID<Puller>;
  readonly metadata: PID<MetadataManager>;
  readonly installer: LayerInstaller;
  readonly shelf: LayerShelf;
  readonly roots: Roots;
  readonly host: Host;
  readonly random: Random;
  /** Of all blobs of one image. */
  readonly maxImageBytes: number;
  /** In whose mailbox the steps run. */
  readonly owner: Process<unknown>;
  /** Told every transition of every pull's machine. */
  readonly inspect?: (event: InspectionEvent) => void;
}

export interface PullTarget {
  readonly source: ImageSource;
  readonly platform: Platform;
  readonly platformRequired: boolean;
  readonly insecure: boolean;
  /** Who asks, if it is not the agent's own user. */
  readonly access: RegistryAccess | undefined;
  /** Asks the source again, and lets a loaded image take a name that means something else. */
  readonly force: boolean;
  readonly known: StoredImage | undefined;
}

/** An image that is stored now, and how each of its layers got here. */
export interface PulledImage {
  readonly image: StoredImage;
  readonly layers: readonly InstalledLayer[];
  readonly bytesDownloaded: number;
}

/**
 * One pull under way: resolve, root every layer, get those that are missing, store the record last.
 *
 * Layers are rooted before anyone asks whether they exist: after "it is here" a prune could still take them.
 */
export class ImagePull {
  readonly board = new PullBoard();
  readonly #rootOwner: string;
  readonly #askers = new Set<string>();
  readonly #life;
  #resolved: ResolvedImage | undefined;

  constructor(
    private readonly context: ImagePullContext,
    private readonly target: PullTarget,
  ) {
    this.#rootOwner = context.random.id(`pull of ${target.source.key} `);
    const { inspect } = context;
    this.#life = createActor(pullMachine, { id: this.#rootOwner, ...(inspect && { inspect }) });
    // Without an error observer XState reports what goes wrong in a machine as an uncaught exception.
    this.#life.subscribe({ error: () => {} });
  }

  /** From now on `asker` holds what the pull finds, unless it lets go of the reference first. */
  addAsker(asker: string): void {
    this.#askers.add(asker);
    if (this.#resolved) this.#rootFor(asker, this.#resolved);
  }

  run(): Future<PulledImage> {
    const { puller, roots } = this.context;
    const { source, platform, platformRequired, insecure, access, known } = this.target;
    roots.hold(this.#rootOwner, { reference: source.key });
    this.#life.start();

    const wanted = { source, platform, platformRequired, insecure, ...(access && { access }), ...(known && { known }) };
    const resolved = puller.resolve(wanted);
    const pulled = resolved
      .then(defer(this.context.owner, (image) => this.#found(image)))
      .then(defer(this.context.owner, (image) => this.#install(image)))
      // One more turn: who looked the name up before it was stored stands in this mailbox already, and joins in time.
      .then(defer(this.context.owner, (image) => image));
    pulled.onAny(
      defer(this.context.owner, () => {
        roots.release(this.#rootOwner);
        // Also when it is resolved only after everybody has left.
        resolved.onReady(({ origin }) => puller.close(origin));
      }),
    );
    return pulled
      .onReady(() => this.#step('STORED'))
      .onFailed(() => this.#step('FAIL'))
      .onDiscarded(() => this.#step('DISCARD'));
  }

  /** A step that comes after the end, of a pull that was given up, says nothing any more. */
  #step(type: PullEvent['type']): void {
    if (this.#life.getSnapshot().status === 'active') this.#life.send({ type });
  }

  #found(image: ResolvedImage): Future<ResolvedImage> {
    const { roots, shelf, metadata } = this.context;
    this.#expectWithinLimit(image);
    this.#resolved = image;
    this.#step('RESOLVED');
    roots.hold(this.#rootOwner, holdingOf(image));
    for (const asker of this.#askers) this.#rootFor(asker, image);
    this.board.resolved(image);

    const free = image.loadedFrom === undefined ? Future.ready() : this.#expectFreeName(image, metadata);
    return free
      .then(defer(this.context.owner, () => shelf.verify(image.layers.map((layer) => layer.id))))
      .then(() => image);
  }

  /** Before the first byte of a layer is asked for. */
  #expectWithinLimit(image: ResolvedImage): void {
    const { maxImageBytes } = this.context;
    const bytes = image.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
    if (bytes <= maxImageBytes) return;
    throw new StoreError(
      'LIMIT_EXCEEDED',
      `cannot pull ${image.reference}: it announces ${bytes} bytes, over ${maxImageBytes}`,
    );
  }

  /** Loading never silently moves a name that people use for something else. */
  #expectFreeName(image: ResolvedImage, metadata: PID<MetadataManager>): Future<void> {
    return metadata.get(image.reference).then((held) => {
      if (!held || held.digest === image.digest || this.target.force) return;
      throw new StoreError(
        'NAME_TAKEN',
        `${image.reference} is ${held.digest} here; ${image.loadedFrom} has ${image.digest}`,
      );
    });
  }

  #install(image: ResolvedImage): Future<PulledImage> {
    this.#step('VERIFIED');
    const installs = image.layers.map((_, index) => this.context.installer.ensure(image, index));
    return gather(installs).then(defer(this.context.owner, (layers) => this.#store(image, layers)));
  }

  #store(image: ResolvedImage, layers: readonly InstalledLayer[]): Future<PulledImage> {
    const { metadata, host } = this.context;
    this.#step('INSTALLED');
    const { created } = image.config;
    const stored: StoredImage = {
      reference: image.reference,
      digest: image.digest,
      ...(image.indexDigest === undefined ? {} : { indexDigest: image.indexDigest }),
      configDigest: image.configDigest,
      config: image.config,
      platform: image.platform,
      layers: image.layers.map((layer) => layer.id),
      layerBlobs: image.layers.map(({ digest, sizeBytes }) => ({ digest, sizeBytes })),
      sizeBytes: layers.reduce((sum, layer) => sum + layer.record.sizeBytes, 0),
      ...(created === undefined ? {} : { created }),
      pulledAt: new Date(host.wallClockMs()).toISOString(),
      pinned: false,
      ...(image.loadedFrom === undefined ? {} : { loadedFrom: image.loadedFrom }),
    };
    const bytesDownloaded = downloadedBytes(image, layers);
    return metadata.put(stored).then((kept) => ({ image: kept, layers, bytesDownloaded }));
  }

  #rootFor(asker: string, image: ResolvedImage): void {
    const { roots } = this.context;
    if (roots.holds(asker, this.target.source.key)) roots.hold(asker, holdingOf(image));
  }
}

function holdingOf(image: ResolvedImage): { reference: string; digest: Digest; layers: string[] } {
  return { reference: image.reference, digest: image.digest, layers: image.layers.map((layer) => layer.id) };
}

/** A blob that serves two layers was transferred once. */
function downloadedBytes(image: ResolvedImage, layers: readonly InstalledLayer[]): number {
  const blobs = new Map<Digest, number>();
  image.layers.forEach((layer, index) => {
    const { reused, downloadedBytes: bytes } = layers[index]!;
    if (!reused) blobs.set(layer.digest, bytes);
  });
  return [...blobs.values()].reduce((sum, bytes) => sum + bytes, 0);
}
