/** The media types of images. Sources: OCI image-spec `media-types.md`, distribution `manifest-v2-2.md`. */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociForeignLayer: 'application/vnd.oci.image.layer.nondistributable.v1.tar',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerForeignLayer: 'application/vnd.docker.image.rootfs.foreign.diff.tar',
} as const;

/** What a registry is told we can read (`Accept`), the preferred first. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociIndex,
  mediaTypes.dockerManifestList,
  mediaTypes.ociManifest,
  mediaTypes.dockerManifest,
];

export function isManifestMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

export function isIndexMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

export function isConfigMediaType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/** Docker's first manifest format, whose layers cannot be verified. */
export function isSchema1MediaType(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.docker.distribution.manifest.v1+');
}

export type LayerCompression = 'gzip' | 'zstd' | 'none';

export interface LayerFormat {
  readonly compression: LayerCompression;
  /** Not distributable: the registry may not hold it, and it names URLs elsewhere. */
  readonly foreign: boolean;
}

const layers: readonly string[] = [mediaTypes.ociLayer, mediaTypes.dockerLayer];
const foreignLayers: readonly string[] = [mediaTypes.ociForeignLayer, mediaTypes.dockerForeignLayer];

/**
 * How a layer of this media type is packed; `undefined` if it is no file system layer that we can unpack.
 */
export function layerFormat(mediaType: string): LayerFormat | undefined {
  const packed = /[+.](gzip|zstd)$/.exec(mediaType);
  const base = packed === null ? mediaType : mediaType.slice(0, packed.index);
  const foreign = foreignLayers.includes(base);
  if (!foreign && !layers.includes(base)) return undefined;
  return { compression: (packed?.[1] as LayerCompression | undefined) ?? 'none', foreign };
}
