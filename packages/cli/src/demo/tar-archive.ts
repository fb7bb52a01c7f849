/**
 * One member of a layer. Paths are relative, without a leading slash; `mode` defaults to 0755 (directories)
 * or 0644.
 */
export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode?: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode?: number; readonly content: Uint8Array }
  | { readonly kind: 'symlink'; readonly path: string; readonly target: string };

const blockBytes = 512;
const typeFlags = { file: '0', symlink: '2', directory: '5' } as const;
const defaultModes = { file: 0o644, symlink: 0o777, directory: 0o755 } as const;

/**
 * Writes a POSIX ustar archive (IEEE 1003.1-1988) in memory, everything owned by root and dated at the epoch,
 * so that the same content has the same digest on every machine. For small layers: names up to 255 bytes, no
 * PAX records.
 */
export function tarArchive(entries: readonly TarEntry[]): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    const content = entry.kind === 'file' ? entry.content : new Uint8Array(0);
    blocks.push(header(entry, content.byteLength), content, padding(content.byteLength));
  }
  blocks.push(new Uint8Array(2 * blockBytes));
  return Buffer.concat(blocks);
}

function padding(sizeBytes: number): Uint8Array {
  return new Uint8Array((blockBytes - (sizeBytes % blockBytes)) % blockBytes);
}

function header(entry: TarEntry, sizeBytes: number): Uint8Array {
  const block = Buffer.alloc(blockBytes);
  const { prefix, name } = splitName(entry.kind === 'directory' ? `${entry.path}/` : entry.path);
  const mode = ('mode' in entry ? entry.mode : undefined) ?? defaultModes[entry.kind];
  block.write(name, 0);
  octal(block, 100, 8, mode);
  octal(block, 108, 8, 0);
  octal(block, 116, 8, 0);
  octal(block, 124, 12, sizeBytes);
  octal(block, 136, 12, 0);
  block.write(typeFlags[entry.kind], 156);
  if (entry.kind === 'symlink') block.write(entry.target, 157, 100);
  block.write('ustar\u000000', 257);
  block.write('root', 265);
  block.write('root', 297);
  block.write(prefix, 345);

  // The checksum counts its own field as blanks.
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function octal(block: Buffer, offset: number, width: number, value: number): void {
  block.write(`${value.toString(8).padStart(width - 1, '0')}\0`, offset);
}

function splitName(path: string): { prefix: string; name: string } {
  if (Buffer.byteLength(path) <= 100) return { prefix: '', name: path };
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    const prefix = path.slice(0, slash);
    const name = path.slice(slash + 1);
    if (name !== '' && Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) {
      return { prefix, name };
    }
  }
  throw new RangeError(`cannot store ${path} in a tar header: the name is too long`);
}
