import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

let disks = 0;

/** Runs a program to its end. @throws what it said on stderr */
export function run(...words) {
  return execFileSync(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A copy of a disk, mounted from a file by a loop device. */
export class Disk {
  /** @param options  for mount(8) */
  constructor(folder, from, options) {
    this.file = join(folder, `disk-${(disks += 1)}`);
    this.mounted = `${this.file}-mounted`;
    run('cp', '--sparse=always', from, this.file);
    mkdirSync(this.mounted);
    run('mount', '-o', ['loop', ...options].join(), this.file, this.mounted);
  }

  remove() {
    spawnSync('umount', ['-l', this.mounted]);
    rmSync(this.file, { force: true });
    rmdirSync(this.mounted);
  }
}
