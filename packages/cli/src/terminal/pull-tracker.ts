import { formatBytes } from './bytes.js';

/** What the agent tells about a pull, as far as it is drawn. */
export type TrackedProgress =
  | {
      readonly kind: 'resolved';
      readonly layers: readonly { readonly digest: string; readonly sizeBytes: number }[];
    }
  | {
      readonly kind: 'layer';
      readonly digest: string;
      readonly state: string;
      readonly receivedBytes: number;
      readonly sizeBytes: number;
    };

interface LayerProgress {
  readonly state: string;
  readonly receivedBytes: number;
  readonly sizeBytes: number;
}

/**
 * Adds up the steps of one pull: how much of what must be fetched is here. A reused layer is nothing to
 * fetch.
 */
export class PullTracker {
  readonly #layers = new Map<string, LayerProgress>();

  add(progress: TrackedProgress): void {
    if (progress.kind === 'layer') {
      this.#layers.set(progress.digest, progress);
      return;
    }
    for (const { digest, sizeBytes } of progress.layers) {
      this.#layers.set(digest, { state: 'waiting', receivedBytes: 0, sizeBytes });
    }
  }

  get fraction(): number {
    const { receivedBytes, sizeBytes } = this.#totals();
    return sizeBytes === 0 ? 0 : receivedBytes / sizeBytes;
  }

  get note(): string {
    if (this.#layers.size === 0) return 'asking the registry';
    const { receivedBytes, sizeBytes, reused, unpacking } = this.#totals();
    const shared = reused === 0 ? '' : `, ${reused} here already`;
    const phase = unpacking === 0 ? '' : `, unpacking ${unpacking}`;
    return `${formatBytes(receivedBytes)} of ${formatBytes(sizeBytes)}${shared}${phase}`;
  }

  #totals() {
    const totals = { receivedBytes: 0, sizeBytes: 0, reused: 0, unpacking: 0 };
    for (const layer of this.#layers.values()) {
      if (layer.state === 'reused') {
        totals.reused += 1;
        continue;
      }
      if (layer.state === 'unpacking') totals.unpacking += 1;
      const complete = layer.state === 'unpacking' || layer.state === 'done';
      totals.receivedBytes += complete ? layer.sizeBytes : layer.receivedBytes;
      totals.sizeBytes += layer.sizeBytes;
    }
    return totals;
  }
}
