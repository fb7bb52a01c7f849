import type { Platform } from '@keelson/image';
import { formatPlatform, normalisePlatform } from '@keelson/image';
import { defer, Future } from '@keelson/process';
import type { ImagePullContext, PulledImage } from './image-pull.js';
import type { ImagePulls } from './image-pulls.js';
import type { ImageSource } from './image-source.js';
import { parseSource } from './image-source.js';
import type { LayerTable } from './layer-table.js';
import { tellOfKnownImage } from './pull-board.js';
import type { GetOptions } from './store.js';
import type { StoredImage } from './stored-image.js';

/** How a pull is to be made, beside what `get` takes. */
export interface PullOptions extends GetOptions {
  /** Plain http also to registries that are not on the loopback interface. */
  readonly insecure?: boolean;
}

export interface ImageAcquisitionContext extends ImagePullContext {
  readonly pulls: ImagePulls;
  readonly table: LayerTable;
  /** What to pull where a request names no platform. */
  readonly platform: Platform;
}

/**
 * Read-through: answers a known image whose layers are all there, and pulls any other.
 *
 * The asker's root is taken in the very turn of the request and grows with what is learned.
 */
export class ImageAcquisition {
  constructor(private readonly context: ImageAcquisitionContext) {}

  /** @param asker  whose root it is; releasing it is the caller's */
  acquire(reference: string, asker: string, options: PullOptions): Future<PulledImage> {
    const { roots, metadata, owner } = this.context;
    const source = parseSource(reference);
    // Before the first look: nothing that is found later can have been taken in between.
    roots.hold(asker, { reference: source.key });

    const known = source.scheme === 'docker' ? metadata.get(source.key) : Future.ready(undefined);
    return known.then(defer(owner, (image) => this.#serve(source, image, asker, options)));
  }

  #serve(
    source: ImageSource,
    known: StoredImage | undefined,
    asker: string,
    options: PullOptions,
  ): Future<PulledImage> {
    const { roots, shelf, owner } = this.context;
    const own = options.access !== undefined && known?.loadedFrom === undefined;
    if (!known || options.cached === false || own || !isFor(known, options.platform)) {
      return this.#pull(source, known, asker, options);
    }
    if (roots.holds(asker, source.key)) roots.hold(asker, { digest: known.digest, layers: known.layers });
    return shelf
      .verify(known.layers)
      .then(defer(owner, () => this.#onDisk(known, options) ?? this.#pull(source, known, asker, options)));
  }

  /** `undefined` if a layer is not there: it was lost, or the asker let go and a prune took it. */
  #onDisk(image: StoredImage, { onProgress }: PullOptions): PulledImage | undefined {
    const records = image.layers.flatMap((id) => this.context.table.record(id) ?? []);
    if (records.length < image.layers.length) return undefined;
    const layers = records.map((record) => ({ record, reused: true, downloadedBytes: 0 }));
    if (onProgress) tellOfKnownImage(onProgress, image);
    return { image, layers, bytesDownloaded: 0 };
  }

  #pull(
    source: ImageSource,
    known: StoredImage | undefined,
    asker: string,
    options: PullOptions,
  ): Future<PulledImage> {
    const { loadedFrom } = known ?? {};
    const target = {
      // A loaded name is never fetched from a registry: it is loaded again from where it came.
      source: loadedFrom === undefined ? source : { ...parseSource(loadedFrom), key: source.key },
      platform: normalisePlatform(options.platform ?? this.context.platform),
      platformRequired: options.platform !== undefined,
      insecure: options.insecure ?? false,
      access: options.access,
      force: options.cached === false,
      known,
    };
    return this.context.pulls.join(this.context, target, asker, options.onProgress);
  }
}

function isFor(image: StoredImage, platform: Platform | undefined): boolean {
  return !platform || formatPlatform(normalisePlatform(platform)) === formatPlatform(image.platform);
}
