import type { SimulatedDisk as Disk } from '@keelson/simulation';
import { SimulatedDisk, SimulatedRegistry } from '@keelson/simulation';
import { StorePaths } from '@keelson/store';
import { images } from './images.js';

/** One for all worlds: the space that a store sets aside is the only large file, and nobody writes into it. */
const reserve = new Uint8Array(4 * 1024 * 1024);

/** A disk with the store's reserve on it already, so that a run does not write four megabytes first. */
export function freshDisk(): Disk {
  const disk = new SimulatedDisk();
  const path = new StorePaths('/keelson').reserve.split('/').filter(Boolean);
  const name = path.pop() as string;
  let directory = 1;
  for (const each of path) directory = disk.create(directory, each, { kind: 'directory', entries: new Map(), mode: 0o700 });
  disk.create(directory, name, { kind: 'file', content: reserve, mode: 0o600 });
  disk.syncAll();
  return disk;
}

export function freshRegistry(): SimulatedRegistry {
  const registry = new SimulatedRegistry();
  registry.put('web', 'latest', images.web);
  registry.put('job', 'latest', images.job);
  return registry;
}
