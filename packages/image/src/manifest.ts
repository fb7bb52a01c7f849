import type { Descriptor, LayerDescriptor, ManifestDescriptor } from './descriptor.js';
import { readDescriptor, readManifestDescriptor } from './descriptor.js';
import { ImageError } from './image-error.js';
import type { JsonLimits } from './json-cursor.js';
import { JsonCursor } from './json-cursor.js';
import {
  isConfigMediaType,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  layerFormat,
  mediaTypes,
} from './media-types.js';
import { quoted } from './quoted.js';

/** One image of one platform: its configuration and its layers, base first. */
export interface ImageManifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly LayerDescriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** The same image for several platforms. */
export interface ImageIndex {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly manifests: readonly ManifestDescriptor[];
  readonly annotations: Readonly<Record<string, string>>;
}

/** overlayfs takes 500 lower directories; what has more layers or platforms is no image of anybody's. */
const mostElements = 1000;

/** What servers say that know nothing of images. */
const neutralTypes = new Set([
  '',
  'application/json',
  'application/octet-stream',
  'binary/octet-stream',
  'text/plain',
]);

/**
 * Reads a Docker schema 2 or OCI manifest, a manifest list or an index.
 *
 * `contentType` is what came beside the bytes: a `Content-Type` header, or the media type of the descriptor
 * that led here. It, the document's own `mediaType` and what the document holds must agree, or two readers
 * could see two images (CVE-2021-41190).
 *
 * @throws ImageError INVALID_MANIFEST      malformed, over a limit, or both a manifest and an index
 * @throws ImageError MEDIA_TYPE_MISMATCH   the three do not agree
 * @throws ImageError SCHEMA1_UNSUPPORTED   Docker's first format
 * @throws ImageError NOT_AN_IMAGE          an artifact: its configuration or a layer is no part of an image
 * @throws ImageError UNSUPPORTED_LAYER     an encrypted layer
 * @throws ImageError NO_LAYERS             an image without layers
 */
export function parseManifest(
  bytes: Uint8Array,
  contentType?: string,
  limits?: JsonLimits,
): ImageManifest | ImageIndex {
  const document = JsonCursor.parse(bytes, 'manifest', 'INVALID_MANIFEST', limits);
  const outer = (contentType ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const inner = document.optionalString('mediaType');
  refuseSchema1(document, inner ?? outer);
  if (document.size('schemaVersion') !== 2) throw document.refused('of schema version 2');

  const stated = neutralTypes.has(outer) ? undefined : outer;
  if (stated !== undefined && inner !== undefined && stated !== inner.toLowerCase()) {
    throw mismatch(`was sent as ${quoted(stated)} but says it is ${quoted(inner)}`);
  }
  const kind = kindOf(document);
  const mediaType = inner ?? stated ?? (kind === 'index' ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (kind === 'index') {
    if (!isIndexMediaType(mediaType)) throw mismatch(`holds manifests but says it is ${quoted(mediaType)}`);
    return readIndex(document, mediaType);
  }
  if (isIndexMediaType(mediaType)) throw mismatch(`says it is ${quoted(mediaType)} but holds no manifests`);
  if (!isManifestMediaType(mediaType)) throw notAnImage(`its type is ${quoted(mediaType)}`);
  return readManifest(document, mediaType);
}

function refuseSchema1(document: JsonCursor, mediaType: string): void {
  if (document.has('fsLayers') || isSchema1MediaType(mediaType)) {
    const why = 'the image has a Docker schema 1 manifest, which cannot be verified';
    throw new ImageError('SCHEMA1_UNSUPPORTED', why);
  }
}

function kindOf(document: JsonCursor): 'manifest' | 'index' {
  const isIndex = document.has('manifests');
  if (isIndex && (document.has('layers') || document.has('config'))) {
    throw document.refused('one thing: it has both manifests and layers');
  }
  return isIndex ? 'index' : 'manifest';
}

function readIndex(document: JsonCursor, mediaType: string): ImageIndex {
  const manifests = document.array('manifests');
  if (manifests.length > mostElements)
    throw document.refused(`an index of at most ${mostElements} manifests`);
  return {
    kind: 'index',
    mediaType,
    manifests: manifests.map(readManifestDescriptor),
    annotations: document.stringMap('annotations'),
  };
}

function readManifest(document: JsonCursor, mediaType: string): ImageManifest {
  const config = readDescriptor(document.object('config'));
  if (!isConfigMediaType(config.mediaType))
    throw notAnImage(`its configuration is ${quoted(config.mediaType)}`);

  const layers = document.array('layers');
  if (layers.length === 0) throw new ImageError('NO_LAYERS', 'the image has no layers');
  if (layers.length > mostElements) throw document.refused(`an image of at most ${mostElements} layers`);
  const annotations = document.stringMap('annotations');
  return { kind: 'manifest', mediaType, config, layers: layers.map(readLayer), annotations };
}

function readLayer(cursor: JsonCursor): LayerDescriptor {
  const descriptor = readDescriptor(cursor);
  const { digest, mediaType } = descriptor;
  const format = layerFormat(mediaType);
  if (format !== undefined)
    return { ...descriptor, ...format, urls: format.foreign ? cursor.strings('urls') : [] };
  if (mediaType.endsWith('+encrypted')) {
    throw new ImageError('UNSUPPORTED_LAYER', `layer ${digest} is encrypted (${quoted(mediaType)})`);
  }
  throw notAnImage(`layer ${digest} is ${quoted(mediaType)}`);
}

function mismatch(how: string): ImageError {
  return new ImageError('MEDIA_TYPE_MISMATCH', `the manifest ${how}`);
}

function notAnImage(why: string): ImageError {
  return new ImageError('NOT_AN_IMAGE', `this is an artifact and not a container image: ${why}`);
}
