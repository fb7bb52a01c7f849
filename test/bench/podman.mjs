import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const quietly = promisify(execFile);

/** podman with a storage of its own in `folder`. */
export class Podman {
  #folder;
  // It wants a path of less than 50 bytes.
  #runroot = mkdtempSync(join(tmpdir(), 'podman-'));

  constructor(folder) {
    this.#folder = folder;
  }

  /** The words of a command. */
  words(...command) {
    const place = ['--root', join(this.#folder, 'root'), '--runroot', this.#runroot];
    return [...place, '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', ...command];
  }

  run(...command) {
    return quietly('podman', this.words(...command), { maxBuffer: 1 << 28 });
  }

  async close() {
    await quietly('sh', ['-c', 'umount -l "$1"/root/overlay 2>/dev/null; true', 'sh', this.#folder]);
    rmSync(this.#runroot, { recursive: true, force: true });
  }
}
