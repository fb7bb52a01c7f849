import { closeSync, constants, readSync, writeSync } from 'node:fs';
import { Future } from '@keelson/process';
import fs from 'fs-extra';
import { toFileError } from './file-error.js';
import type { FileLocks, HeldFileLock } from './ports/file-lock.js';
import { tryLockFile } from './system-calls/special-files.js';

/**
 * Locks by flock(2), which belong to an open file: they end with this process however it ends, and no child
 * inherits them (close-on-exec). The file itself is never removed: another process may have it open already,
 * and would then lock a file that nobody else finds.
 */
export class LocalFileLocks implements FileLocks {
  tryAcquire(path: string): Future<HeldFileLock | { readonly ownerPid: number }> {
    return Future.from(tryAcquire(path));
  }
}

async function tryAcquire(path: string): Promise<HeldFileLock | { readonly ownerPid: number }> {
  let descriptor: number | undefined;
  try {
    // A plain descriptor: a FileHandle would be closed, and the lock lost, with its last reference.
    descriptor = await fs.open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    if (!tryLockFile(descriptor, path)) {
      const ownerPid = readPid(descriptor);
      closeSync(descriptor);
      return { ownerPid };
    }
    tellPid(descriptor);
    return heldLock(descriptor);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw toFileError(error, 'lock', path);
  }
}

function heldLock(descriptor: number): HeldFileLock {
  let held = true;
  return {
    release: () => {
      if (!held) return;
      held = false;
      closeSync(descriptor);
    },
  };
}

/**
 * In place, and always as long: the block it needs is kept, so that a full disk does not keep its owner from starting.
 * Where even the first one is refused, the lock is held all the same and its owner is not told.
 */
function tellPid(descriptor: number): void {
  try {
    writeSync(descriptor, `${process.pid}`.padEnd(pidLength - 1) + '\n', 0);
  } catch {
    // Who waits learns 0.
  }
}

const pidLength = 16;

/** 0 when the owner has not written it yet. */
function readPid(descriptor: number): number {
  const text = Buffer.alloc(pidLength);
  const length = readSync(descriptor, text, 0, text.length, 0);
  return Number.parseInt(text.toString('utf8', 0, length), 10) || 0;
}
