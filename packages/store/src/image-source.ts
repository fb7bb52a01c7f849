import type { ImageReference } from '@keelson/image';
import { formatReference, parseReference } from '@keelson/image';

/** The transports a puller can serve. `docker` is a registry; the words are those of containers/image. */
export type SourceScheme = 'docker' | 'oci' | 'oci-archive' | 'docker-archive';

/**
 * Where an image is to come from.
 *
 * `key` names it before it is resolved: the canonical reference of a registry image, the text of a local one.
 * Equal keys are the same request.
 */
export type ImageSource =
  | { readonly scheme: 'docker'; readonly key: string; readonly reference: ImageReference }
  | { readonly scheme: Exclude<SourceScheme, 'docker'>; readonly key: string; readonly location: string };

const local = /^(oci|oci-archive|docker-archive):(.+)$/s;

/**
 * Reads `oci:PATH[:NAME]` and the archives, and takes everything else for a registry reference.
 * @throws ImageError INVALID_REFERENCE
 */
export function parseSource(text: string): ImageSource {
  const found = local.exec(text);
  if (found) {
    return { scheme: found[1] as Exclude<SourceScheme, 'docker'>, key: text, location: found[2]! };
  }
  const reference = parseReference(text);
  return { scheme: 'docker', key: formatReference(reference), reference };
}
