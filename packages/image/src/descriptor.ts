import type { Digest } from './digest.js';
import { isDigest } from './digest.js';
import type { JsonCursor } from './json-cursor.js';
import type { LayerFormat } from './media-types.js';
import type { Platform } from './platform.js';
import { normalisePlatform } from './platform.js';

/** Says which bytes are meant and how many. Source: OCI image-spec `descriptor.md`. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * A layer of a manifest. `urls` lead elsewhere and are not to be trusted; only foreign layers have them.
 */
export interface LayerDescriptor extends Descriptor, LayerFormat {
  readonly urls: readonly string[];
}

/** A manifest of an index. */
export interface ManifestDescriptor extends Descriptor {
  readonly platform?: Platform;
  readonly artifactType?: string;
}

/** @internal */
export function readDescriptor(cursor: JsonCursor): Descriptor {
  cursor.asObject();
  const digest = cursor.string('digest');
  if (!isDigest(digest)) throw cursor.refused('a descriptor: its digest is not a sha256 or sha512 digest');
  return {
    mediaType: cursor.string('mediaType'),
    digest,
    sizeBytes: cursor.size('size'),
    annotations: cursor.stringMap('annotations'),
  };
}

/** @internal */
export function readManifestDescriptor(cursor: JsonCursor): ManifestDescriptor {
  const descriptor = readDescriptor(cursor);
  const artifactType = cursor.optionalString('artifactType');
  const platform = cursor.optionalObject('platform');
  return {
    ...descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(platform === undefined ? {} : { platform: readPlatform(platform) }),
  };
}

function readPlatform(cursor: JsonCursor): Platform {
  const variant = cursor.optionalString('variant');
  return normalisePlatform({
    os: cursor.optionalString('os') ?? '',
    architecture: cursor.optionalString('architecture') ?? '',
    ...(variant === undefined ? {} : { variant }),
  });
}
