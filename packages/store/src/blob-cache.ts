import type { Digest } from '@keelson/image';
import type { Files } from '@keelson/os/ports';
import type { PID, Random } from '@keelson/process';
import { Future } from '@keelson/process';
import type { StorePaths } from './paths.js';
import type { BlobOrigin, FetchedBlob, Puller, ResolvedLayer } from './puller.js';
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
  readonly #flights = new SingleFlight<Digest, FetchedBlob>((blob) => this.#delete(blob));
  readonly #held = new Map<Digest, { readonly blob: FetchedBlob; users: number }>();
  readonly #slots = new Map<string, Slots>();

  constructor(private readonly options: BlobCacheOptions) {}

  /** Discarding the answer gives up this interest alone. */
  acquire(layer: ResolvedLayer, origin: BlobOrigin): Future<BlobLease> {
    const held = this.#held.get(layer.digest);
    const blob = held
      ? Future.ready(held.blob)
      : this.#flights.join(layer.digest, () => this.#fetch(layer, origin));
    return blob.then((fetched) => this.#lease(layer.digest, fetched));
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
      // Whatever became of it: where there is no temporary blob, nothing needs the directory.
      fetched.onAny((result) => {
        if (!result.isReady() || !result.get().temporary) files.removeDirectory(area);
      });
      return fetched;
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

  #lease(digest: Digest, blob: FetchedBlob): BlobLease {
    const held = this.#held.get(digest) ?? { blob, users: 0 };
    this.#held.set(digest, held);
    held.users += 1;
    let released = false;
    return {
      blob: held.blob,
      release: () => {
        if (released) throw new Error(`the lease of blob ${digest} was released before`);
        released = true;
        held.users -= 1;
        if (held.users > 0) return;
        this.#held.delete(digest);
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
