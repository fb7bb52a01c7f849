import type { Digest } from '@keelson/image';
import type { RecordFormat } from './record.js';
import type { LayerId, LayerTree } from './store.js';
import type { StorePaths } from './paths.js';
import { isLayerId } from './layer-id.js';
import { countField, fieldsOf, textField, textsField } from './shape.js';

/**
 * `layer.json`: everything known of one unpacked layer, so that its folder explains itself after any crash.
 */
export interface LayerRecord {
  /** Chain id, the folder's name. */
  readonly id: LayerId;
  readonly diffId: Digest;
  /** Chain id of the layer this one was unpacked over; none for a base layer. */
  readonly parent?: LayerId;
  /** Apparent size of the regular files. */
  readonly sizeBytes: number;
  /** What the disk gave them (st_blocks x 512). */
  readonly allocatedBytes: number;
  readonly entries: number;
  /** Paths below the root that this layer hides in the layers under it. */
  readonly whiteouts: readonly string[];
  /** Directories of this layer that hide everything under them. */
  readonly opaques: readonly string[];
  /** The compressed blob it came from; a plain record, the blob itself is not kept. */
  readonly blob: { readonly digest: Digest; readonly sizeBytes: number };
  readonly createdAt: string;
  /** Of the unpacked tree (`workers/hash-tree.ts`). Missing in records of earlier releases. */
  readonly rootfsDigest?: Digest;
}

export const layerRecordFormat: RecordFormat<LayerRecord> = {
  name: 'keelson.layer',
  version: 1,
  parse: (payload) => {
    const fields = fieldsOf(payload, 'layer');
    const blob = fieldsOf(fields['blob'], 'blob');
    const parent = fields['parent'];
    return {
      id: layerIdOf(fields['id'], 'id'),
      diffId: textField(fields, 'diffId') as Digest,
      ...(parent === undefined ? {} : { parent: layerIdOf(parent, 'parent') }),
      sizeBytes: countField(fields, 'sizeBytes'),
      allocatedBytes: countField(fields, 'allocatedBytes'),
      entries: countField(fields, 'entries'),
      whiteouts: textsField(fields, 'whiteouts'),
      opaques: textsField(fields, 'opaques'),
      blob: { digest: textField(blob, 'digest') as Digest, sizeBytes: countField(blob, 'sizeBytes') },
      createdAt: textField(fields, 'createdAt'),
      ...(fields['rootfsDigest'] === undefined ? {} : { rootfsDigest: textField(fields, 'rootfsDigest') as Digest }),
    };
  },
};

/** The layer as the provisioner's backends see it. */
export function treeOf(record: LayerRecord, paths: StorePaths): LayerTree {
  const { id, whiteouts, opaques, sizeBytes } = record;
  return { id, rootfs: paths.rootfs(id), whiteouts, opaques, sizeBytes };
}

export function layerIdOf(value: unknown, what: string): LayerId {
  if (typeof value !== 'string' || !isLayerId(value)) throw new Error(`${what} is not a layer id`);
  return value;
}
