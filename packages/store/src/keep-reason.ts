import { matches } from './exclusion.js';
import type { Protections } from './plan.js';
import type { StoredImage } from './stored-image.js';

/** The later of when it was pulled and when it was last used; ISO 8601 UTC. */
export function lastUseOf({ pulledAt, lastUsedAt = '' }: Pick<StoredImage, 'pulledAt' | 'lastUsedAt'>): string {
  return lastUsedAt > pulledAt ? lastUsedAt : pulledAt;
}

/**
 * Why no prune may take the name of an image; `undefined` if nothing speaks for it. The strongest reason is
 * told: somebody uses it, then the user's exclusion, then the pin. Pure.
 */
export function reasonToKeep(
  image: StoredImage,
  { references, exclusions }: Pick<Protections, 'references' | 'exclusions'>,
): string | undefined {
  const used = references.get(image.reference);
  if (used !== undefined) return used;
  const exclusion = exclusions.find((each) => matches(each, image));
  if (exclusion) return `excluded as ${exclusion.typed}`;
  return image.pinned ? 'pinned' : undefined;
}
