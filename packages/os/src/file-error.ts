import { constants } from 'node:os';
import { getSystemErrorMap } from 'node:util';
import { FileError } from './ports/files.js';

/** A path as the kernel has it: names in layers are bytes and need not be UTF-8. */
export type BytePath = string | Uint8Array;

/** A path for people: bytes that are not UTF-8 show as replacement characters. */
export function pathText(path: BytePath): string {
  return typeof path === 'string'
    ? path
    : Buffer.from(path.buffer, path.byteOffset, path.byteLength).toString();
}

/**
 * The FileError of a failed system call.
 *
 * @param errno   the positive error number
 * @param detail  what the kernel said beyond the number, if it said anything
 */
export function systemCallError(errno: number, syscall: string, path: BytePath, detail?: string): FileError {
  return new FileError(
    errnoName(errno),
    syscall,
    pathText(path),
    describe(errnoName(errno), syscall, path, detail),
  );
}

/** The FileError with that errno name, for refusals of our own. */
export function fileError(code: string, syscall: string, path: BytePath, detail?: string): FileError {
  return new FileError(code, syscall, pathText(path), describe(code, syscall, path, detail));
}

/** Gives what Node's file system threw the form of a FileError; a FileError passes unchanged. */
export function toFileError(error: unknown, syscall: string, path: BytePath): FileError {
  if (error instanceof FileError) return error;
  const { code = 'EIO', syscall: failed = syscall, message = String(error) } = error as NodeJS.ErrnoException;
  const known = errnoNumbers.has(code);
  const text = describe(code, failed, path, known ? undefined : message);
  return new FileError(code, failed, pathText(path), text, { cause: error });
}

/** `ENOENT` for 2. Where two names share a number, the one that Node uses. */
export function errnoName(errno: number): string {
  return systemErrors().get(-errno)?.[0] ?? errnoNames.get(errno) ?? `E${errno}`;
}

/** Node makes the map anew for each asker, and a missing file is asked for often. */
let errorMap: ReturnType<typeof getSystemErrorMap> | undefined;
const systemErrors = () => (errorMap ??= getSystemErrorMap());

const errnoNumbers = new Map(Object.entries(constants.errno));
const errnoNames = new Map([...errnoNumbers].map(([name, errno]) => [errno, name]));

function describe(code: string, syscall: string, path: BytePath, detail: string | undefined): string {
  const known = systemErrors().get(-(errnoNumbers.get(code) ?? 0))?.[1];
  const reason = [known, detail].filter((part) => part !== undefined && part !== '').join(': ');
  return `cannot ${syscall} '${pathText(path)}': ${reason === '' ? code : `${reason} (${code})`}`;
}
