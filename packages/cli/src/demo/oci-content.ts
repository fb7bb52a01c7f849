import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { TarEntry } from './tar-archive.js';
import { tarArchive } from './tar-archive.js';

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A layer ready to be listed in a manifest: its blob, and the digest of the archive inside (its diff id). */
export interface PackedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

export interface Platform {
  readonly os: string;
  readonly architecture: string;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const indexType = 'application/vnd.oci.image.index.v1+json';
const configType = 'application/vnd.oci.image.config.v1+json';
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';

/**
 * Blobs by digest and manifests by name: what a registry holds. Documents follow the OCI image specification
 * 1.1.
 */
export class OciContent {
  readonly #blobs = new Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  readonly #tags = new Map<string, string>();

  blob(digest: string): { readonly mediaType: string; readonly bytes: Uint8Array } | undefined {
    return this.#blobs.get(digest);
  }

  /** The digest behind `repository:tag`. */
  resolve(repository: string, tag: string): string | undefined {
    return this.#tags.get(`${repository}:${tag}`);
  }

  tag(repository: string, tag: string, target: Descriptor): void {
    this.#tags.set(`${repository}:${tag}`, target.digest);
  }

  addLayer(entries: readonly TarEntry[]): PackedLayer {
    const archive = tarArchive(entries);
    return { diffId: sha256(archive), descriptor: this.#put(layerType, gzipSync(archive)) };
  }

  addImage(
    platform: Platform,
    layers: readonly PackedLayer[],
    config: Readonly<Record<string, unknown>>,
  ): Descriptor {
    const configuration = this.#putJson(configType, {
      created: new Date(0).toISOString(),
      ...platform,
      config,
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    });
    return this.#putJson(manifestType, {
      schemaVersion: 2,
      mediaType: manifestType,
      config: configuration,
      layers: layers.map((layer) => layer.descriptor),
    });
  }

  addIndex(manifests: readonly { readonly platform: Platform; readonly manifest: Descriptor }[]): Descriptor {
    return this.#putJson(indexType, {
      schemaVersion: 2,
      mediaType: indexType,
      manifests: manifests.map(({ platform, manifest }) => ({ ...manifest, platform })),
    });
  }

  #putJson(mediaType: string, document: unknown): Descriptor {
    return this.#put(mediaType, Buffer.from(JSON.stringify(document)));
  }

  #put(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = sha256(bytes);
    this.#blobs.set(digest, { mediaType, bytes });
    return { mediaType, digest, size: bytes.byteLength };
  }
}

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
