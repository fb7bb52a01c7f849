import type { LayerId } from './store.js';
import type { StoredImage } from './stored-image.js';
import type { Inventory } from './plan.js';

/** Somebody who keeps images or layers alive, for example `container web`. */
export interface Holder {
  readonly name: string;
  readonly references: readonly string[];
  readonly layers: readonly LayerId[];
}

/** Why an object stays: every chain goes from a root to the object. `kept` is false when there is none. */
export interface Explanation {
  readonly object: string;
  readonly kept: boolean;
  readonly chains: readonly (readonly string[])[];
}

/**
 * Every chain that keeps an image or a layer alive: root, then the image, then the layer. Pure.
 *
 * @param object a canonical reference or a layer id
 */
export function explain(
  inventory: Pick<Inventory, 'images'>,
  holders: readonly Holder[],
  object: string,
): Explanation {
  const named = inventory.images.find((image) => image.reference === object);
  const chains = named ? imageChains(named, holders) : layerChains(inventory.images, holders, object);
  return { object, kept: chains.length > 0, chains };
}

function imageChains(image: StoredImage, holders: readonly Holder[]): string[][] {
  const chains = holders
    .filter((holder) => holder.references.includes(image.reference))
    .map((holder) => [holder.name, image.reference]);
  return image.pinned ? [['pinned', image.reference], ...chains] : chains;
}

function layerChains(images: readonly StoredImage[], holders: readonly Holder[], id: LayerId): string[][] {
  const through = images
    .filter((image) => image.layers.includes(id))
    .flatMap((image) => imageChains(image, holders).map((chain) => [...chain, id]));
  const explained = new Set(through.map((chain) => chain[0]));
  // A holder whose image was forgotten or moved to another digest still stands on the layer itself.
  const direct = holders
    .filter((holder) => holder.layers.includes(id) && !explained.has(holder.name))
    .map((holder) => [holder.name, id]);
  return [...through, ...direct];
}
