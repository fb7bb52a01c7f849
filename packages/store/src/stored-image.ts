import type { Digest, ImageConfig, Platform } from '@keelson/image';
import { layerIdOf } from './layer-record.js';
import { countField, fieldsOf, listField, optionalTextField, textField } from './shape.js';
import type { LayerId } from './store.js';

/**
 * What the store remembers of one image name.
 *
 * The parsed configuration lives in here and not among the layers, so nothing a cached image needs can be
 * swept from under it (MESOS-9704: a prune took the config blob of images it had kept).
 */
export interface StoredImage {
  /** Canonical, for example `docker.io/library/mysql:latest`; the key. */
  readonly reference: string;
  /** Of the platform's manifest. */
  readonly digest: Digest;
  /** Of the index the manifest was chosen from, if there was one. */
  readonly indexDigest?: Digest;
  readonly configDigest: Digest;
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Base first. */
  readonly layers: readonly LayerId[];
  readonly layerBlobs: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
  /** Unpacked bytes of all layers. */
  readonly sizeBytes: number;
  readonly created?: string;
  readonly pulledAt: string;
  readonly lastUsedAt?: string;
  readonly pinned: boolean;
  /** The folder or archive it was loaded from. A loaded name is never fetched from a registry. */
  readonly loadedFrom?: string;
}

/** Reads an image record back. Throws an Error naming the first field that is wrong. */
export function parseStoredImage(value: unknown): StoredImage {
  const fields = fieldsOf(value, 'image');
  const optional = <K extends keyof StoredImage>(name: K): Partial<Pick<StoredImage, K>> => {
    const text = optionalTextField(fields, name);
    return (text === undefined ? {} : { [name]: text }) as Partial<Pick<StoredImage, K>>;
  };
  return {
    reference: textField(fields, 'reference'),
    digest: textField(fields, 'digest') as Digest,
    ...optional('indexDigest'),
    configDigest: textField(fields, 'configDigest') as Digest,
    config: fieldsOf(fields['config'], 'config') as unknown as ImageConfig,
    platform: fieldsOf(fields['platform'], 'platform') as unknown as Platform,
    layers: listField(fields, 'layers').map((id) => layerIdOf(id, 'layers')),
    layerBlobs: listField(fields, 'layerBlobs').map((item) => {
      const blob = fieldsOf(item, 'layerBlobs');
      return { digest: textField(blob, 'digest') as Digest, sizeBytes: countField(blob, 'sizeBytes') };
    }),
    sizeBytes: countField(fields, 'sizeBytes'),
    ...optional('created'),
    pulledAt: textField(fields, 'pulledAt'),
    ...optional('lastUsedAt'),
    pinned: fields['pinned'] === true,
    ...optional('loadedFrom'),
  };
}
