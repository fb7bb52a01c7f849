import type { Digest, ImageIndex, ImageManifest, ManifestDescriptor } from '@keelson/image';
import { chainIds, formatPlatform, ImageError, parseImageConfig, selectPlatform } from '@keelson/image';
import type { BlobOrigin, ResolvedImage, ResolveRequest } from './puller.js';
import { StoreError } from './store-error.js';

/** What a puller has found of one image, every byte of it verified. */
export interface FoundImage {
  readonly reference: string;
  readonly digest: Digest;
  readonly indexDigest?: Digest;
  readonly manifest: ImageManifest;
  readonly origin: BlobOrigin;
  readonly loadedFrom?: string;
  /** The configuration's bytes, or what was known of it before. */
  readonly config: Uint8Array | NonNullable<ResolveRequest['known']>;
}

/**
 * The manifest of `index` that runs best on the platform asked for.
 *
 * @throws StoreError PLATFORM_NOT_FOUND  there is none; the message lists what there is
 */
export function choosePlatform(index: ImageIndex, { source, platform }: ResolveRequest): ManifestDescriptor {
  try {
    return selectPlatform(index, platform);
  } catch (error) {
    if (!(error instanceof ImageError) || error.code !== 'NO_MATCHING_PLATFORM') throw error;
    throw new StoreError('PLATFORM_NOT_FOUND', `cannot use ${source.key}: ${error.message}`, {
      cause: error,
    });
  }
}

/**
 * Joins a manifest and its configuration into layers with their chain ids.
 *
 * @throws StoreError INVALID_MANIFEST    the configuration speaks of other layers than the manifest
 * @throws StoreError PLATFORM_NOT_FOUND  the image is not of the platform the user named
 */
export function resolveImage(found: FoundImage, request: ResolveRequest): ResolvedImage {
  const { manifest, reference, digest, indexDigest, origin, loadedFrom } = found;
  const config = found.config instanceof Uint8Array ? parseImageConfig(found.config) : found.config.config;
  const { os, architecture, variant } = config;
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };

  if (config.diffIds.length !== manifest.layers.length) {
    const counts = `${manifest.layers.length} layers, its configuration ${config.diffIds.length}`;
    throw new StoreError('INVALID_MANIFEST', `cannot use ${reference}: its manifest lists ${counts}`);
  }
  if (
    request.platformRequired &&
    (os !== request.platform.os || architecture !== request.platform.architecture)
  ) {
    const offer = `it is made for ${formatPlatform(platform)}, not for ${formatPlatform(request.platform)}`;
    throw new StoreError('PLATFORM_NOT_FOUND', `cannot use ${reference}: ${offer}`);
  }

  const ids = chainIds(config.diffIds);
  return {
    reference,
    digest,
    ...(indexDigest === undefined ? {} : { indexDigest }),
    configDigest: manifest.config.digest,
    config,
    platform,
    layers: manifest.layers.map((layer, index) => ({
      id: ids[index]!,
      diffId: config.diffIds[index]!,
      digest: layer.digest,
      sizeBytes: layer.sizeBytes,
      compression: layer.compression,
    })),
    origin,
    ...(loadedFrom === undefined ? {} : { loadedFrom }),
  };
}
