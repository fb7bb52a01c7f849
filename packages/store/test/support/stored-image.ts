import { digestOf } from '@keelson/image';
import type { StoredImage } from '@keelson/store';
import { fakeImage } from './fake-puller.js';

/** A record of an image with these layers. */
export function storedImage(
  reference: string,
  layers: readonly string[],
  extra: Partial<StoredImage> = {},
): StoredImage {
  const { config, platform } = fakeImage(reference, ['text']);
  return {
    reference,
    digest: digestOf(Buffer.from(`${reference} ${layers.join()}`)),
    configDigest: digestOf(Buffer.from(`config ${reference}`)),
    config,
    platform,
    layers,
    layerBlobs: [],
    sizeBytes: 0,
    pulledAt: '2026-01-01T00:00:00.000Z',
    pinned: false,
    ...extra,
  };
}
