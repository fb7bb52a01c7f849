import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';

export interface ReadLayersInput {
  /** The record and the root of each layer. */
  readonly layers: readonly { readonly record: string; readonly rootfs: string }[];
}

export interface ReadLayers {
  /** The text of each record, where it could be read and the layer has its root. */
  readonly records: readonly (string | undefined)[];
}

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Few records are larger, and those are read by others. */
const buffer = Buffer.alloc(16 * 1024);

/** Reads the records of many layers. It says nothing of those where anything is out of the ordinary. */
export default function readLayers({ layers }: ReadLayersInput): ReadLayers {
  return {
    records: layers.map(({ record, rootfs }) => {
      try {
        return lstatSync(rootfs).isDirectory() ? smallFile(record) : undefined;
      } catch {
        return undefined;
      }
    }),
  };
}

function smallFile(path: string): string | undefined {
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const { size } = fstatSync(descriptor);
    if (size >= buffer.length || readSync(descriptor, buffer, 0, buffer.length, 0) !== size) return undefined;
    return buffer.toString('utf8', 0, size);
  } finally {
    closeSync(descriptor);
  }
}
