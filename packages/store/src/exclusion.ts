import type { ImageReference } from '@keelson/image';
import { formatReference, parseReference } from '@keelson/image';
import type { StoredImage } from './stored-image.js';

/** One image that a prune must keep, read from what the user typed. */
export interface Exclusion {
  readonly typed: string;
  readonly canonical: string;
  readonly reference: ImageReference;
}

/**
 * Reads every exclusion, so that one bad name fails a prune before anything moves.
 *
 * `mysql`, `mysql:latest` and `docker.io/library/mysql` are one image: what is compared is the normalised
 * name.
 * @throws ImageError INVALID_REFERENCE
 */
export function parseExclusions(typed: readonly string[]): readonly Exclusion[] {
  return typed.map((text) => {
    const reference = parseReference(text);
    return { typed: text, canonical: formatReference(reference), reference };
  });
}

/** Whether `image` is meant: by its name, or by a digest in the same repository. */
export function matches(exclusion: Exclusion, image: StoredImage): boolean {
  if (exclusion.canonical === image.reference) return true;
  const { digest, registry, repository } = exclusion.reference;
  if (digest === undefined || (digest !== image.digest && digest !== image.indexDigest)) return false;
  return (
    image.reference.startsWith(`${registry}/${repository}:`) ||
    image.reference.startsWith(`${registry}/${repository}@`)
  );
}
