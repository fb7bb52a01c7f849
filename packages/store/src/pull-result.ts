import type { Digest } from '@keelson/image';
import type { InstalledLayer } from './layer-installer.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

/** What a pull did. `digest` is that of the platform's manifest, a layer's `id` its folder name. */
export interface PullResult {
  readonly reference: string;
  readonly digest: Digest;
  readonly indexDigest?: Digest;
  readonly layers: readonly { readonly id: LayerId; readonly sizeBytes: number; readonly reused: boolean }[];
  /** Of layers; manifests and configurations are not counted. */
  readonly bytesDownloaded: number;
  readonly elapsedMs: number;
}

export function pullResult(
  pulled: { image: StoredImage; layers: readonly InstalledLayer[]; bytesDownloaded: number },
  elapsedMs: number,
): PullResult {
  const { reference, digest, indexDigest } = pulled.image;
  return {
    reference,
    digest,
    ...(indexDigest === undefined ? {} : { indexDigest }),
    layers: pulled.layers.map(({ record, reused }) => ({
      id: record.id,
      sizeBytes: record.sizeBytes,
      reused,
    })),
    bytesDownloaded: pulled.bytesDownloaded,
    elapsedMs,
  };
}
