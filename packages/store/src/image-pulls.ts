import type { Digest } from '@keelson/image';
import { formatPlatform } from '@keelson/image';
import type { Future } from '@keelson/process';
import type { ImagePullContext, PulledImage, PullTarget } from './image-pull.js';
import { ImagePull } from './image-pull.js';
import type { LayerPullState, PullProgress } from './pull-progress.js';
import { SingleFlight } from './single-flight.js';
import type { StoreMetrics } from './store-metrics.js';
import type { LayerId } from './store.js';

/** The pulls under way. However many ask for the same image at once, it is pulled once. */
export class ImagePulls {
  readonly #flights = new SingleFlight<string, PulledImage>();
  readonly #open = new Map<string, ImagePull>();

  constructor(private readonly metrics: StoreMetrics) {}

  /** Starts or joins the pull of `target`. Discarding the answer gives up this asker's interest alone. */
  join(
    context: ImagePullContext,
    target: PullTarget,
    asker: string,
    onProgress: ((progress: PullProgress) => void) | undefined,
  ): Future<PulledImage> {
    const key = keyOf(target);
    if (this.#flights.has(key)) this.metrics.pullsJoined.increment();
    const pulled = this.#flights.join(key, () => this.#start(key, new ImagePull(context, target)));
    const pull = this.#open.get(key);
    if (!pull) return pulled;
    pull.addAsker(asker);
    if (onProgress) {
      const stop = pull.board.listen(onProgress);
      pulled.onAny(stop);
    }
    return pulled;
  }

  /** Tells every pull that wants the layer. */
  layerChanged(id: LayerId, state: LayerPullState): void {
    for (const pull of this.#open.values()) pull.board.layer(id, state);
  }

  /** Tells every pull that wants the blob. */
  received(digest: Digest, receivedBytes: number): void {
    for (const pull of this.#open.values()) pull.board.received(digest, receivedBytes);
  }

  #start(key: string, pull: ImagePull): Future<PulledImage> {
    this.#open.set(key, pull);
    const pulled = this.metrics.imagePull.time(pull.run());
    pulled.onFailed(() => this.metrics.pullsFailed.increment());
    pulled.onReady(({ bytesDownloaded, layers }) => {
      this.metrics.bytesDownloaded.increment(bytesDownloaded);
      this.metrics.layersReused.increment(layers.filter((layer) => layer.reused).length);
    });
    pulled.onAny(() => {
      // After everybody left, a new pull of the same image may have taken the place.
      if (this.#open.get(key) === pull) this.#open.delete(key);
    });
    return pulled;
  }
}

/** A caller's own credentials are part of it: nobody gets what was pulled with those of somebody else (T18). */
function keyOf({ source, platform, insecure, access, force }: PullTarget): string {
  return [source.key, formatPlatform(platform), insecure, access?.id ?? '', force].join(' ');
}
