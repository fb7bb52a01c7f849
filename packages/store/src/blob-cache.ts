import type { Digest } from '@keelson/image';
import type { Files } from '@keelson/os/ports';
import type { PID, Random } from '@keelson/process';
import { Future } from '@keelson/process';
import type { StorePaths } from './paths.js';
import type { BlobOrigin, FetchedBlob, Puller, ResolvedLayer } from './puller.js';
import { originKey } from './puller.js';
import { SingleFlight } from './single-flight.js';
import { Slots } from './slots.js';

/** A blob on disk, for as long as it is not released. */
export interface BlobLease {
  readonly blob: FetchedBlob;
  /** A second release throws. */
  release(): void;
}

export interface BlobCacheOptions {
  readonly paths: StorePaths;
  readonly files: Files;
  readonly random: Random;
  readonly puller: PID<Puller>;
  /**
   * Transfers from one repository at a time; another repository has its own, so a stalled one holds up nobody
   * else.
   */
  readonly parallelDownloads: number;
  readonly onProgress: (digest: Digest, receivedBytes: number) => void;
}

/**
 * Brings blobs into staging and keeps each while somebody needs it, so that pulls that overlap transfer it
 * once. The last release deletes the file: a large image must not need its size twice
 * (containerd/containerd#4249).
 */
export class BlobCache {
  readonly #flights = new SingleFlight<string, FetchedBlob>((blob) => this.#delete(blob));
  readonly #held = new Map<string, { readonly blob: FetchedBlob; users: number }>();
  /** Who a blob under way is asked of. */
  readonly #origins = new Map<string, BlobOrigin>();
  readonly #slots = new Map<string, Slots>();

  constructor(private readonly options: BlobCacheOptions) {}

  /** Discarding the answer gives up this interest alone. */
  acquire(layer: ResolvedLayer, origin: BlobOrigin): Future<BlobLease> {
    const key = keyOf(layer, origin);
    const held = this.#held.get(key);
    if (held) return Future.ready(this.#lease(key, held.blob));

    let asked: BlobOrigin | undefined;
    const blob = this.#flights.join(key, () => {
      this.#origins.set(key, (asked = origin));
      const fetched = this.#fetch(layer, origin);
      fetched.onAny(() => {
        if (this.#origins.get(key) === origin) this.#origins.delete(key);
      });
      return fetched;
    });
    asked ??= this.#origins.get(key);
    const lease = blob.then((fetched) => this.#lease(key, fetched));
    if (asked && originKey(asked) === originKey(origin)) return lease;
    // Somebody else's registry failed, which says nothing about ours.
    return lease.repair(() => this.acquire(layer, origin));
  }

  #fetch(layer: ResolvedLayer, origin: BlobOrigin): Future<FetchedBlob> {
    const { paths, files, random, puller, onProgress } = this.options;
    const { digest, sizeBytes } = layer;
    const area = paths.stagingArea(random.id(''));
    return this.#inSlot(origin, () => {
      const fetched = files
        .makeDirectory(area)
        .then(() =>
          puller.fetch({ origin, digest, sizeBytes }, `${area}/blob`, (received) =>
            onProgress(digest, received),
          ),
        );
      const clean = (): Future<void> =>
        files
          .remove(`${area}/blob`)
          .then(() => files.removeDirectory(area))
          .repair(() => Future.ready(undefined));
      fetched.onDiscarded(clean);
      // What failed leaves nothing behind, and that before it is told.
      return fetched
        .then((blob) => (blob.temporary ? blob : files.removeDirectory(area).then(() => blob)))
        .repair((failed) => clean().then(() => failed));
    });
  }

  #inSlot<R>(origin: BlobOrigin, work: () => Future<R>): Future<R> {
    const slots = this.#slots.get(origin.location) ?? new Slots(this.options.parallelDownloads);
    this.#slots.set(origin.location, slots);
    const done = slots.run(work);
    done.onAny(() => {
      if (slots.idle && this.#slots.get(origin.location) === slots) this.#slots.delete(origin.location);
    });
    return done;
  }

  #lease(key: string, blob: FetchedBlob): BlobLease {
    const held = this.#held.get(key) ?? { blob, users: 0 };
    this.#held.set(key, held);
    held.users += 1;
    let released = false;
    return {
      blob: held.blob,
      release: () => {
        if (released) throw new Error(`the lease of blob ${key} was released before`);
        released = true;
        held.users -= 1;
        if (held.users > 0) return;
        this.#held.delete(key);
        this.#delete(held.blob);
      },
    };
  }

  #delete(blob: FetchedBlob): void {
    if (!blob.temporary) return;
    const { files } = this.options;
    // What cannot be deleted now is cleared with the rest of staging at the next start.
    files.remove(blob.path).then(() => files.removeDirectory(blob.path.slice(0, blob.path.lastIndexOf('/'))));
  }
}

/**
 * What comes from a registry is verified, so that one transfer serves every repository; a blob that lies on
 * this machine costs nothing to find, and is only as good as its own file.
 */
function keyOf({ digest }: ResolvedLayer, { scheme, location }: BlobOrigin): string {
  return scheme === 'docker' ? digest : `${digest} of ${location}`;
}
