import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** OVERLAYFS_SUPER_MAGIC of linux/magic.h: an overlay cannot keep its upper directory on another overlay. */
const overlayMagic = 0x794c7630;

/**
 * A new directory for the demo's agent, preferably where overlay mounts work (they do not on a container's
 * own root).
 */
export async function makeDemoRoot(): Promise<string> {
  const candidates = [tmpdir(), '/var/tmp', '/dev/shm'];
  for (const parent of candidates) {
    try {
      if ((await statfs(parent)).type === overlayMagic) continue;
      return await mkdtemp(join(parent, 'keelson-demo-'));
    } catch {
      // Missing or not ours to write in: the next one may do.
    }
  }
  return mkdtemp(join(tmpdir(), 'keelson-demo-'));
}

/** Removes what the demo left. Its agent is closed, so nothing is mounted below any more. */
export async function removeDemoRoot(root: string): Promise<void> {
  await rm(root, { recursive: true, force: true, maxRetries: 3 });
}
