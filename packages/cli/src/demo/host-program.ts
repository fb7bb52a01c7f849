import { execFile } from 'node:child_process';
import { access, constants, open, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A program of this machine, and the files it needs to start in a root of its own. */
export interface HostProgram {
  readonly name: string;
  /** The file behind every link. One multi-call binary (busybox, coreutils) may stand behind many names. */
  readonly realPath: string;
  /** The dynamic loader and the shared libraries, under the paths at which the loader looks for them. */
  readonly libraries: readonly string[];
}

/**
 * Finds `name` in PATH and asks its own dynamic loader what it needs; `undefined` when there is no such
 * program.
 */
export async function findHostProgram(name: string): Promise<HostProgram | undefined> {
  for (const directory of (process.env['PATH'] ?? '/usr/bin:/bin').split(':')) {
    const candidate = join(directory || '.', name);
    try {
      await access(candidate, constants.X_OK);
    } catch {
      continue;
    }
    const realPath = await realpath(candidate);
    return { name, realPath, libraries: await sharedLibraries(realPath) };
  }
  return undefined;
}

/** glibc's and musl's loaders both print what they would map when started as `ld.so --list PROGRAM`. */
async function sharedLibraries(program: string): Promise<readonly string[]> {
  const loader = await readInterpreter(program);
  if (loader === undefined) return [];
  const { stdout } = await promisify(execFile)(loader, ['--list', program]);
  const mapped = [...stdout.matchAll(/(\/\S+)\s+\(0x/g)].map((match) => match[1]!);
  return [...new Set([loader, ...mapped])];
}

/**
 * The path in an ELF file's PT_INTERP segment; `undefined` for a static program (ELF specification, part 2).
 */
export async function readInterpreter(program: string): Promise<string | undefined> {
  const file = await open(program, 'r');
  try {
    const identification = await readAt(file, 0, 64);
    if (identification.toString('latin1', 0, 4) !== '\u007fELF') {
      throw new Error(`cannot take ${program} into an image: it is not an ELF program`);
    }
    const layout = identification[4] === 2 ? wide : narrow;
    const numbers = reader(identification[5] === 1);
    const tableOffset = numbers(identification, layout.tableOffset, layout.word);
    const entryBytes = numbers(identification, layout.entryBytes, 2);
    const entries = numbers(identification, layout.entries, 2);

    const table = await readAt(file, tableOffset, entryBytes * entries);
    for (let at = 0; at < table.byteLength; at += entryBytes) {
      if (numbers(table, at, 4) !== programInterpreter) continue;
      const offset = numbers(table, at + layout.segmentOffset, layout.word);
      const size = numbers(table, at + layout.segmentBytes, layout.word);
      return (await readAt(file, offset, size)).toString('utf8').replace(/\0.*$/s, '');
    }
    return undefined;
  } finally {
    await file.close();
  }
}

const programInterpreter = 3;
/** Field offsets of Elf64_Ehdr/Elf64_Phdr and of their 32-bit forms. */
const wide = { word: 8, tableOffset: 32, entryBytes: 54, entries: 56, segmentOffset: 8, segmentBytes: 32 };
const narrow = { word: 4, tableOffset: 28, entryBytes: 42, entries: 44, segmentOffset: 4, segmentBytes: 16 };

function reader(littleEndian: boolean) {
  return (bytes: Buffer, offset: number, width: number): number => {
    if (width === 2) return littleEndian ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset);
    if (width === 4) return littleEndian ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
    return Number(littleEndian ? bytes.readBigUInt64LE(offset) : bytes.readBigUInt64BE(offset));
  };
}

async function readAt(
  file: Awaited<ReturnType<typeof open>>,
  offset: number,
  length: number,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}
