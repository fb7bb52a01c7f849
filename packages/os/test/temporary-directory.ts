import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseMountInfo, mountsWithin } from '../dist/mountinfo.js';
import removeTree from '../dist/jobs/remove-tree.js';
import { unmount } from '../dist/system-calls/mounting.js';

/** Memory rather than disk: deleting many files on a disk slows the next test. */
export const temporaryRoot = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A fresh directory that is gone after the test, with every mount below it, last first. */
export function temporaryDirectory(onTestFinished: (clean: () => void) => void): string {
  const path = mkdtempSync(join(temporaryRoot, 'keelson-os-'));
  onTestFinished(() => {
    for (const { target } of mountsWithin(mountsNow(), path).toReversed()) unmount(target, { lazy: true });
    removeTree({ path });
  });
  return path;
}

export function mountsNow() {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Why a test that changes mounts, owners or devices cannot run here; undefined where it can. */
export const notRoot = process.geteuid?.() === 0 ? undefined : 'needs root';
