import { once } from 'node:events';
import { readdirSync, readFileSync, watch } from 'node:fs';

/** Settles once the file, which exists, holds `text`: the kernel tells of every write. */
export function written(path: string, text: string): Promise<void> {
  return until(path, () => readFileSync(path, 'utf8').includes(text));
}

/** Settles once nothing is in the directory. */
export function emptied(directory: string): Promise<void> {
  return until(directory, () => readdirSync(directory).length === 0);
}

async function until(path: string, isSo: () => boolean): Promise<void> {
  const watcher = watch(path);
  try {
    // Nothing is told between the look and the wait: both are of one turn.
    while (!isSo()) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}
