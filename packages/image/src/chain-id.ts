import { createHash } from 'node:crypto';
import type { Digest } from './digest.js';
import { hexOf } from './digest.js';

/**
 * The layer id of every layer, base first: 64 hex digits that name a diff *and all that lies below it*.
 *
 * A layer's tree depends on the layers below (a lower `lib -> usr/lib`), so only the chain names it.
 * Source: OCI image-spec `config.md`, "Layer ChainID".
 */
export function chainIds(diffIds: readonly Digest[]): string[] {
  let parent: string | undefined;
  return diffIds.map((diffId) => {
    parent = parent === undefined ? baseId(diffId) : sha256(`sha256:${parent} ${diffId}`);
    return parent;
  });
}

/** The chain id of a base layer is its diff id; one of another algorithm is hashed: ids keep one shape. */
function baseId(diffId: Digest): string {
  return diffId.startsWith('sha256:') ? hexOf(diffId) : sha256(diffId);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
