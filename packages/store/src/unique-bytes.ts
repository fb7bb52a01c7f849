import type { Inventory } from './plan.js';
import type { Steps } from './steps.js';
import { atOnce, Pace } from './steps.js';
import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';

/** Bytes of an image's layers that no other image of the inventory holds. */
export function uniqueBytes(inventory: Pick<Inventory, 'images' | 'layers'>): (image: StoredImage) => number {
  return atOnce(uniqueBytesInSteps(inventory));
}

/** As `uniqueBytes`, for who must not be held up by large stores. */
export function* uniqueBytesInSteps({
  images,
  layers,
}: Pick<Inventory, 'images' | 'layers'>): Steps<(image: StoredImage) => number> {
  const pace = new Pace();
  const sizes = new Map<LayerId, number>();
  for (const { id, sizeBytes } of layers) {
    if (pace.tired()) yield;
    sizes.set(id, sizeBytes);
  }
  // The one image that holds a layer; `undefined` once a second one was met.
  const holders = new Map<LayerId, StoredImage | undefined>();
  for (const image of images) {
    if (pace.tired(image.layers.length)) yield;
    for (const id of image.layers) {
      if (holders.get(id) === image) continue;
      holders.set(id, holders.has(id) ? undefined : image);
    }
  }
  return (image) => {
    let bytes = 0;
    for (const id of new Set(image.layers)) if (holders.get(id) === image) bytes += sizes.get(id) ?? 0;
    return bytes;
  };
}
