import { syncFileSystem } from '@keelson/os/system-calls';
import { closeSync, openSync } from 'node:fs';

export interface SyncTreeInput {
  /** A directory; everything on its file system is written out. */
  readonly path: string;
}

/** Makes a tree durable in one call (syncfs), however many files it has. */
export default async function syncTree({ path }: SyncTreeInput): Promise<void> {
  const descriptor = openSync(path, 'r');
  try {
    await syncFileSystem(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}
