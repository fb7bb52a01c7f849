import { fstatSync } from 'node:fs';
import type { InputPlace } from '@keelson/os';

/** The device number of /dev/null, which holds nothing for anybody. */
const nullDevice = (1 << 8) | 3;

/** Where others find our standard input; `undefined` where it is closed, or /dev/null. */
export function ownInput(): InputPlace | undefined {
  try {
    const { dev, ino, rdev } = fstatSync(0);
    return rdev === nullDevice ? undefined : { pid: process.pid, device: dev, inode: ino };
  } catch {
    return undefined;
  }
}
