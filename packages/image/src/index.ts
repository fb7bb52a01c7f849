export { chainIds } from './chain-id.js';
export type { Descriptor, LayerDescriptor, ManifestDescriptor } from './descriptor.js';
export type { Digest, DigestAlgorithm } from './digest.js';
export { algorithmOf, digestOf, hexOf, isDigest, parseDigest } from './digest.js';
export type { DockerArchiveImage, LegacyLayer } from './docker-archive.js';
export { parseDockerArchive, parseLegacyLayer, parseRepositories } from './docker-archive.js';
export type { ImageConfig } from './image-config.js';
export { parseImageConfig } from './image-config.js';
export type { ImageErrorCode } from './image-error.js';
export { ImageError } from './image-error.js';
export type { JsonLimits } from './json-cursor.js';
export { JsonCursor } from './json-cursor.js';
export type { ImageIndex, ImageManifest } from './manifest.js';
export { parseManifest } from './manifest.js';
export type { LayerCompression, LayerFormat } from './media-types.js';
export {
  isConfigMediaType,
  isIndexMediaType,
  isManifestMediaType,
  layerFormat,
  manifestMediaTypes,
  mediaTypes,
} from './media-types.js';
export { decodePathText, encodePathText } from './path-text.js';
export type { Platform } from './platform.js';
export { formatPlatform, normalisePlatform, parsePlatform, platformOfNode } from './platform.js';
export type { ImageReference } from './reference.js';
export { familiarReference, formatReference, parseReference } from './reference.js';
export { selectPlatform } from './select-platform.js';
export type { TarEntry, TarEntryType, TarHandler, TarTime } from './tar/entry.js';
export { TarReader } from './tar/reader.js';
export type { WhiteoutKind } from './whiteout.js';
export { classifyName } from './whiteout.js';
