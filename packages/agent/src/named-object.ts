import { formatReference, parseReference } from '@keelson/image';
import { AgentError } from './agent-error.js';

const shortestPrefix = 12;

/** What has a name here. */
export interface NamedThings {
  readonly images: readonly { readonly reference: string; readonly digest: string; readonly loadedFrom?: string }[];
  readonly layers: readonly { readonly id: string }[];
}

/**
 * What a user means by an image or a layer: a layer id, the first 12 or more of its digits, a reference, or the file or
 * folder that an image came from (`oci:/DIR:TAG`).
 *
 * @returns a layer id or a canonical reference, as the store knows it
 * @throws AgentError NO_SUCH_OBJECT  nothing here is called so, or more than one layer is
 */
export function namedObject(store: NamedThings, text: string): string {
  const digits = text.replace(/^sha256:/, '');
  if (/^[0-9a-f]+$/.test(digits) && digits.length >= shortestPrefix) {
    const layers = store.layers.filter(({ id }) => id.startsWith(digits));
    if (layers.length === 1) return layers[0]!.id;
    if (layers.length > 1) {
      throw new AgentError(
        'NO_SUCH_OBJECT',
        `${layers.length} layers begin with ${digits}: give more digits`,
      );
    }
    const image = store.images.find(({ digest }) => digest.startsWith(`sha256:${digits}`));
    if (image) return image.reference;
  }
  const loaded = store.images.filter(({ loadedFrom }) => loadedFrom === text);
  if (loaded.length === 1) return loaded[0]!.reference;
  const reference = canonical(text);
  if (reference !== undefined && store.images.some((image) => image.reference === reference)) return reference;
  throw new AgentError('NO_SUCH_OBJECT', `no image and no layer here is called ${JSON.stringify(text)}`);
}

function canonical(text: string): string | undefined {
  try {
    return formatReference(parseReference(text));
  } catch {
    return undefined;
  }
}
