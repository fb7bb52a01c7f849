import { mountOverlayTree } from '../overlay-mounting.js';
import type { OverlayMount } from '../ports/mounts.js';

/** Job `os.mount-overlay`: in a thread, because a mount waits for the file systems below it. */
export default function mountOverlay(overlay: OverlayMount): void {
  mountOverlayTree(overlay);
}
