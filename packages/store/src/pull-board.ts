import type { Digest } from '@keelson/image';
import type { LayerPullState, PullProgress } from './pull-progress.js';
import type { ResolvedImage, ResolvedLayer } from './puller.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

type Listener = (progress: PullProgress) => void;

/** Bytes between two reports of one transfer. */
const stepBytes = 128 * 1024;

/**
 * The present state of one pull. Who listens late is told where things stand first, then every change.
 *
 * Layers are reported by the digest of their blob, as users know them. A blob that stands for two layers of
 * one image is reported once.
 */
export class PullBoard {
  readonly #listeners = new Set<Listener>();
  readonly #layers = new Map<LayerId, LayerLine>();
  #resolved: ResolvedImage | undefined;

  /** Answers how to stop listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#resolved) {
      tell(listener, resolvedEvent(this.#resolved));
      for (const line of this.#layers.values()) tell(listener, layerEvent(line));
    }
    return () => void this.#listeners.delete(listener);
  }

  resolved(image: ResolvedImage): void {
    this.#resolved = image;
    for (const layer of image.layers) {
      this.#layers.set(layer.id, { layer, state: 'waiting', receivedBytes: 0, toldBytes: 0 });
    }
    this.#tellAll(resolvedEvent(image));
  }

  /** A layer of some pull changed its state; ignored unless it is one of ours and the state is news. */
  layer(id: LayerId, state: LayerPullState): void {
    const line = this.#layers.get(id);
    if (!line || line.state === state) return;
    line.state = state;
    if (state === 'unpacking' || state === 'done') line.receivedBytes = line.layer.sizeBytes;
    this.#tellAll(layerEvent(line));
  }

  /** A transfer went on. A retry starts again from nothing. */
  received(digest: Digest, receivedBytes: number): void {
    for (const line of this.#layers.values()) {
      if (line.layer.digest !== digest || (line.state !== 'waiting' && line.state !== 'downloading'))
        continue;
      const news = line.state === 'waiting' || Math.abs(receivedBytes - line.toldBytes) >= stepBytes;
      line.state = 'downloading';
      line.receivedBytes = receivedBytes;
      if (!news && receivedBytes < line.layer.sizeBytes) continue;
      line.toldBytes = receivedBytes;
      this.#tellAll(layerEvent(line));
    }
  }

  stateOf(id: LayerId): LayerPullState | undefined {
    return this.#layers.get(id)?.state;
  }

  #tellAll(progress: PullProgress): void {
    for (const listener of this.#listeners) tell(listener, progress);
  }
}

interface LayerLine {
  readonly layer: ResolvedLayer;
  state: LayerPullState;
  receivedBytes: number;
  toldBytes: number;
}

/** Tells of an image that is all here already: there is no pull to report. */
export function tellOfKnownImage(listener: Listener, image: StoredImage): void {
  const { reference, digest, layerBlobs } = image;
  tell(listener, { kind: 'resolved', reference, digest, layers: layerBlobs });
  for (const blob of layerBlobs)
    tell(listener, { kind: 'layer', ...blob, state: 'reused', receivedBytes: 0 });
}

function resolvedEvent({ reference, digest, layers }: ResolvedImage): PullProgress {
  const blobs = layers.map((layer) => ({ digest: layer.digest, sizeBytes: layer.sizeBytes }));
  return { kind: 'resolved', reference, digest, layers: blobs };
}

function layerEvent({ layer, state, receivedBytes }: LayerLine): PullProgress {
  return { kind: 'layer', digest: layer.digest, state, receivedBytes, sizeBytes: layer.sizeBytes };
}

/** A listener that throws has only itself to blame: the pull is not its business. */
function tell(listener: Listener, progress: PullProgress): void {
  try {
    listener(progress);
  } catch {
    // Deliberately nothing.
  }
}
