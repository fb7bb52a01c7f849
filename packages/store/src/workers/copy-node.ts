import { makeSpecialFile } from '@keelson/os/system-calls';
import type { Stats } from 'node:fs';
import { constants, copyFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { nativePath } from './byte-path.js';
import type { MetadataWriter, ReportSkipped } from './file-metadata.js';
import { readMetadata } from './file-metadata.js';

const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants;

/**
 * Copies one node that is no directory, with all it has, to a name that must be free. It never follows a
 * link at either end. Paths are byte strings; `status` is the `lstat` of `source`, a node of ours.
 */
export function copyNode(
  source: string,
  status: Stats,
  target: string,
  metadata: MetadataWriter,
  skipped: ReportSkipped,
): void {
  const [from, to] = [nativePath(source), nativePath(target)];
  if (status.isFile()) copyFileSync(from, to, COPYFILE_EXCL | COPYFILE_FICLONE);
  else if (status.isSymbolicLink()) symlinkSync(readlinkSync(from, 'buffer'), to);
  else {
    const kind = kindOf(status);
    makeSpecialFile(
      to,
      'socket' === kind || kind === 'fifo' ? { kind } : { kind, ...deviceOf(status) },
      status.mode,
    );
  }
  metadata.writeNamed(target, readMetadata(source, status), status.isSymbolicLink(), skipped);
}

function kindOf(status: Stats): 'fifo' | 'socket' | 'character' | 'block' {
  if (status.isFIFO()) return 'fifo';
  if (status.isSocket()) return 'socket';
  return status.isCharacterDevice() ? 'character' : 'block';
}

/** Splits `st_rdev` as glibc's `gnu_dev_major` and `gnu_dev_minor` do. */
function deviceOf({ rdev }: Stats): { major: number; minor: number } {
  const high = Math.floor(rdev / 2 ** 32);
  const low = rdev % 2 ** 32;
  return {
    major: ((low >>> 8) & 0xfff) | (high & 0xffff_f000),
    minor: (low & 0xff) | ((low >>> 12) & 0xf_ff00) | ((high & 0xfff) << 20),
  };
}
