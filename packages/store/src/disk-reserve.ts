import type { Files } from '@keelson/os/ports';
import { Future } from '@keelson/process';

/** Enough to forget 10,000 names, or to rewrite the records of a thousand images. */
const sizeBytes = 4 * 1024 * 1024;
/** Made once: thousands of stores may live in one process, as in simulations. */
const zeros = new Uint8Array(sizeBytes);

/**
 * Space set aside, so that a prune works on a full disk: it must write what it forgets before it can free
 * anything (moby/moby#44632). Nix does the same with 8 MiB.
 */
export class DiskReserve {
  #kept = false;

  constructor(
    private readonly files: Files,
    private readonly path: string,
  ) {}

  /**
   * Sets the space aside unless that is done. Best effort: a disk that is too full for it has none to give.
   */
  keep(): Future<void> {
    if (this.#kept) return Future.ready();
    return this.files
      .status(this.path)
      .then((status) => {
        if (status?.sizeBytes === sizeBytes) return;
        return this.files.writeDurably(this.path, zeros, { mode: 0o600 });
      })
      .then(() => {
        this.#kept = true;
      })
      .repair(() => Future.ready());
  }

  /** Gives the space back to the file system. */
  giveUp(): Future<void> {
    this.#kept = false;
    return this.files.remove(this.path);
  }
}
