import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { StorePaths } from '@keelson/store';

/** Looked at side by side. */
const batch = 64;

/**
 * How long the oldest of what lies in `gc/` of `root` has lain there, in milliseconds; 0 if nothing does. A rename sets
 * the time of the last change of state, so that is when an entry was thrown away, across restarts too.
 */
export async function oldestTrashMs(root: string, nowMs: number): Promise<number> {
  const { gc } = new StorePaths(root);
  const names = await readdir(gc).catch(() => []);
  let oldestMs = 0;
  for (let from = 0; from < names.length; from += batch) {
    // It may be swept at any moment.
    const entries = names.slice(from, from + batch).map((name) => stat(join(gc, name)).catch(() => undefined));
    for (const status of await Promise.all(entries)) {
      if (status) oldestMs = Math.max(oldestMs, nowMs - status.ctimeMs);
    }
  }
  return oldestMs;
}
