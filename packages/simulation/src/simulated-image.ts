import type { Digest, Platform } from '@keelson/image';
import { digestOf } from '@keelson/image';

/** The files of one simulated layer; a `.wh.` name hides what is below, as in real layers. */
export type SimulatedLayerFiles = Readonly<Record<string, string>>;

export interface SimulatedBlob {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/**
 * An image as a registry keeps it: a manifest over a configuration and layers, all real documents but the
 * layers.
 */
export interface SimulatedImage {
  readonly manifest: SimulatedBlob;
  readonly mediaType: string;
  readonly blobs: readonly SimulatedBlob[];
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/**
 * Makes an image out of layers, base first. A layer blob is the JSON of its files, so that the simulated
 * unpacker can read it; its digest is its diff id, as of any uncompressed layer.
 */
export function makeSimulatedImage(
  layers: readonly SimulatedLayerFiles[],
  platform: Platform = { os: 'linux', architecture: 'amd64' },
): SimulatedImage {
  const layerBlobs = layers.map((files) => blobOf(files));
  const configuration = blobOf({
    os: platform.os,
    architecture: platform.architecture,
    config: { Cmd: ['true'] },
    rootfs: { type: 'layers', diff_ids: layerBlobs.map(({ digest }) => digest) },
  });
  const manifest = blobOf({
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptorOf(configuration, 'application/vnd.oci.image.config.v1+json'),
    layers: layerBlobs.map((blob) => descriptorOf(blob, 'application/vnd.oci.image.layer.v1.tar')),
  });
  return { manifest, mediaType: manifestType, blobs: [configuration, ...layerBlobs] };
}

function blobOf(document: unknown): SimulatedBlob {
  const bytes = new TextEncoder().encode(JSON.stringify(document));
  return { bytes, digest: digestOf(bytes) };
}

function descriptorOf({ digest, bytes }: SimulatedBlob, mediaType: string): object {
  return { mediaType, digest, size: bytes.length };
}
