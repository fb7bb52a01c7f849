import type { RecordFormat } from '@keelson/store';
import type { ProvisionedRootfs } from './provisioned-container.js';

/**
 * What the `layers` file of a container says of one root filesystem; its path follows from where the file
 * lies.
 */
export type RecordedRootfs = Omit<ProvisionedRootfs, 'rootfs'>;

/** What a `layers` file holds: every root filesystem of the container, the image volumes' included (T2). */
export interface LayersRecord {
  readonly rootfses: readonly RecordedRootfs[];
}

/** The `layers` file of a container, written before any of its root filesystems is made. */
export const layersRecord: RecordFormat<LayersRecord> = {
  name: 'keelson.container-layers',
  version: 1,
  parse: (payload) => {
    const { rootfses } = requireObject(payload);
    if (!Array.isArray(rootfses)) throw new Error('`rootfses` is not a list');
    return { rootfses: rootfses.map(parseRootfs) };
  },
};

function parseRootfs(value: unknown): RecordedRootfs {
  const { rootfsId, backend, reference, digest, layers } = requireObject(value);
  if (!Array.isArray(layers)) throw new Error('`layers` is not a list');
  return {
    rootfsId: requireName(rootfsId, 'rootfsId'),
    backend: requireName(backend, 'backend'),
    reference: requireText(reference, 'reference'),
    digest: requireText(digest, 'digest') as RecordedRootfs['digest'],
    layers: layers.map((layer) => requireText(layer, 'layer')),
  };
}

function requireObject(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return { ...value };
  throw new Error('not an object');
}

function requireText(value: unknown, field: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`\`${field}\` is not a text`);
}

/** A text that becomes one component of a path. */
function requireName(value: unknown, field: string): string {
  const text = requireText(value, field);
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text)) return text;
  throw new Error(`\`${field}\` is not a file name`);
}
