import { randomBytes } from 'node:crypto';
import { closeSync, constants, open } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import fs from 'fs-extra';
import { DIRECTORY, WRITE } from './open-flags.js';
import { TEMPORARY_PREFIX } from './ports/files.js';

/** Node's own: that of fs-extra waits and tries again when no descriptor is left, and does not say so. */
const openFile = promisify(open);

/** Writes the file where it is, or is to be. */
export async function writeFile(path: string, content: Uint8Array, mode: number): Promise<void> {
  const file = await openFile(path, WRITE | constants.O_TRUNC, mode);
  try {
    await writeWhole(file, content);
  } finally {
    closeSync(file);
  }
}

/**
 * Temporary file, write, fsync, rename, fsync of the folder. On any error the temporary file goes.
 *
 * On plain descriptors, and the folder is opened while the file is: each step is a turn of the thread pool, and of a
 * container's launch these are most.
 */
export async function replaceFileDurably(path: string, content: Uint8Array, mode: number): Promise<void> {
  const temporary = join(dirname(path), `${TEMPORARY_PREFIX}${randomBytes(8).toString('hex')}`);
  const opened = await Promise.allSettled([
    openFile(temporary, 'wx', mode),
    openFile(dirname(path), DIRECTORY),
  ]);
  const [file, directory] = opened.map((each) => (each.status === 'fulfilled' ? each.value : undefined));
  try {
    const failed = opened.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
    await writeWhole(file!, content);
    await fs.fsync(file!);
    await fs.rename(temporary, path);
  } catch (error) {
    // The first error counts; if this fails too, recovery finds the file by its name.
    if (file !== undefined) await fs.unlink(temporary).catch(() => undefined);
    closeAll([file, directory]);
    throw error;
  }
  try {
    await fs.fsync(directory!);
  } finally {
    closeAll([file, directory]);
  }
}

/** fsync of a directory. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await openFile(path, DIRECTORY);
  try {
    await fs.fsync(directory);
  } finally {
    closeSync(directory);
  }
}

async function writeWhole(file: number, content: Uint8Array): Promise<void> {
  for (let written = 0; written < content.length;) {
    written += (await fs.write(file, content, written)).bytesWritten;
  }
}

/** Closing waits for nothing: what has to be on disk was synced before. */
function closeAll(descriptors: readonly (number | undefined)[]): void {
  for (const descriptor of descriptors) {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
