import type { TarEntry } from '@keelson/image';
import { TarReader } from '@keelson/image';

export interface ReadMember extends TarEntry {
  /** With the holes of a sparse file filled in. */
  readonly content: Buffer;
}

/** Reads a whole archive, cut into chunks of `chunkBytes`. */
export function readArchive(bytes: Buffer, chunkBytes = 64 * 1024): ReadMember[] {
  const members: ReadMember[] = [];
  let entry: TarEntry | undefined;
  let content = Buffer.alloc(0);
  const reader = new TarReader({
    entry(next) {
      entry = next;
      content = Buffer.alloc(next.sizeBytes);
    },
    data: (part, position) => void part.copy(content, position),
    end: () => void members.push({ ...entry!, content }),
  });
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) {
    reader.write(Buffer.from(bytes.subarray(offset, offset + chunkBytes)));
  }
  reader.end();
  return members;
}
