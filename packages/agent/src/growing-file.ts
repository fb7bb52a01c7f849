import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const chunkBytes = 64 * 1024;
/** Watching a file costs a descriptor and tells of writes late or twice; asking again is cheap and certain. */
const pollMs = 20;

/**
 * Reads a file to its end. With `until`, to the end it has when that is settled: what is appended meanwhile
 * is read as it comes. A missing file is empty until it is there. Memory stays flat.
 *
 * @param gone  ends the reading at once
 */
export async function* readGrowing(
  path: string,
  gone: AbortSignal,
  until?: PromiseLike<unknown>,
): AsyncGenerator<Uint8Array, void> {
  let over = until === undefined;
  const end = until?.then(
    () => void (over = true),
    () => void (over = true),
  );
  let handle: FileHandle | undefined;
  try {
    for (;;) {
      // Asked before the read: what was written before the end is read in this round.
      const last = over;
      handle ??= await openExisting(path);
      for (;;) {
        if (gone.aborted) return;
        const { bytesRead, buffer } = (await handle?.read(Buffer.allocUnsafe(chunkBytes))) ?? nothing;
        if (bytesRead > 0) yield buffer.subarray(0, bytesRead);
        // Files answer less than was asked for at their end alone; what came after is for the next round.
        if (bytesRead < chunkBytes) break;
      }
      if (last) return;
      await Promise.race([sleep(pollMs), end]);
    }
  } finally {
    await handle?.close();
  }
}

const nothing = { bytesRead: 0, buffer: Buffer.alloc(0) };

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
