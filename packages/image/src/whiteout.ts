import { ImageError } from './image-error.js';

/** What an entry of a layer means, by the last component of its name. */
export type WhiteoutKind =
  | { readonly kind: 'plain' }
  /** Hides `target`, beside the entry, in the layers below. */
  | { readonly kind: 'whiteout'; readonly target: string }
  /** Hides everything the layers below have in the directory of the entry. */
  | { readonly kind: 'opaque' }
  /** Book-keeping of aufs (`.wh..wh.plnk`, …), which says nothing about the image. */
  | { readonly kind: 'ignored' };

const prefix = '.wh.';
const metadataPrefix = '.wh..wh.';
const plain: WhiteoutKind = { kind: 'plain' };
const opaque: WhiteoutKind = { kind: 'opaque' };
const ignored: WhiteoutKind = { kind: 'ignored' };

/**
 * Classifies a name. Names are byte strings: one character, U+0000 to U+00FF, for each byte.
 *
 * Source: OCI image-spec `layer.md`, "Whiteouts".
 * @throws ImageError INVALID_WHITEOUT  `.wh.`, `.wh..` or `.wh...`: not a file beside it
 */
export function classifyName(name: string): WhiteoutKind {
  if (!name.startsWith(prefix)) return plain;
  if (name === '.wh..wh..opq') return opaque;
  if (name.startsWith(metadataPrefix)) return ignored;
  const target = name.slice(prefix.length);
  if (target === '' || target === '.' || target === '..') {
    throw new ImageError('INVALID_WHITEOUT', `the whiteout ${JSON.stringify(name)} names no file`);
  }
  return { kind: 'whiteout', target };
}
