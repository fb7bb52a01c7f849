import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { type BytePath, fileError, systemCallError } from '../file-error.js';

/** What a C parameter is given: numbers, buffers and addresses as pointers, `null` as the null pointer. */
export type NativeValue = number | bigint | string | Uint8Array | readonly (string | null)[] | null;

/** A function of the C library. Answers its return value; negative means that `errno` says why. */
export type NativeFunction = (...values: NativeValue[]) => number;

/** The current directory, where a system call wants the descriptor of one. */
export const AT_FDCWD = -100;

/**
 * A function of the C library this process already runs on, looked up at the first call only: loading the
 * foreign function interface takes about 15 ms that `keelson version` need not pay.
 *
 * The call blocks its thread for as long as the kernel does. What may block for long (mount, syncfs) belongs
 * in a pool job.
 */
export function nativeFunction(
  symbol: string,
  parameters: readonly string[],
  result: 'int' | 'long' = 'int',
): NativeFunction {
  let resolved: NativeFunction | undefined;
  return (...values) => (resolved ??= resolve(symbol, parameters, result))(...values);
}

/**
 * The same through `syscall(2)`, for what the C library may not wrap. `number` 0: unknown on this machine.
 */
export function numberedSystemCall(
  name: string,
  number: number,
  parameters: readonly string[],
): NativeFunction {
  const call = nativeFunction('syscall', ['long', ...parameters], 'long');
  return (...values) => {
    if (number === 0) throw fileError('ENOSYS', name, '', `no system call number for ${process.arch}`);
    return call(number, ...values);
  };
}

/** `errno` of the last native call of this thread, or of what took its place. */
export function lastErrno(): number {
  return hasNative() ? koffi().errno() : errnoWithoutNative;
}

let errnoWithoutNative = 0;

/** What stands in for a system call leaves the error number here. */
export function setErrno(errno: number): void {
  errnoWithoutNative = errno;
}

/**
 * Whether system calls can be made by the foreign function interface. Where it cannot be loaded (an install without
 * optional packages, an architecture that it has no binary for), commands and Node's own functions take their place
 * (`without-native/`), and what nothing can take the place of fails with ENOSYS before it has done anything.
 *
 * `KEELSON_NO_NATIVE=1` in the environment is as if it could not be loaded.
 */
export function hasNative(): boolean {
  if (isNative === undefined) {
    try {
      isNative = koffi() !== undefined;
    } catch {
      isNative = false;
    }
  }
  return isNative;
}

let isNative: boolean | undefined;

/** Passes a result that is not negative, and throws the FileError of any other. */
export function checked(result: number, syscall: string, path: BytePath): number {
  if (result >= 0) return result;
  throw systemCallError(lastErrno(), syscall, path);
}

/** The bytes of a path, NUL-terminated. A NUL inside would silently name another file: EINVAL. */
export function cString(path: BytePath): Uint8Array {
  const bytes = typeof path === 'string' ? Buffer.from(`${path}\0`) : Buffer.concat([path, Buffer.of(0)]);
  if (bytes.indexOf(0) !== bytes.length - 1) throw fileError('EINVAL', 'open', path, 'a path holds no NUL');
  return bytes;
}

/** The address of a buffer that stays where it is, so that a call may be given a place inside it. */
export function addressOf(buffer: ArrayBuffer): number {
  return Number(koffi().address(buffer));
}

/** As `nativeFunction`, but called on another thread, so that the event loop goes on. `path` is for errors. */
export function backgroundFunction(
  symbol: string,
  parameters: readonly string[],
): (path: BytePath, ...values: NativeValue[]) => Promise<number> {
  let resolved: Koffi.KoffiFunc<NativeFunction> | undefined;
  return (path, ...values) => {
    return new Promise((settle, fail) => {
      const call = (resolved ??= resolve(symbol, parameters, 'int'));
      call.async(...values, (error: unknown, result: number) => {
        if (error) fail(error);
        else if (result < 0) fail(systemCallError(lastErrno(), symbol, path));
        else settle(result);
      });
    });
  };
}

function resolve(
  symbol: string,
  parameters: readonly string[],
  result: string,
): Koffi.KoffiFunc<NativeFunction> {
  try {
    return koffi()
      .load(null)
      .func(symbol, result, [...parameters]);
  } catch (error) {
    throw fileError('ENOSYS', symbol, '', (error as Error).message);
  }
}

let loaded: typeof Koffi | undefined;

/**
 * Kept after the first: to look a module up makes system calls and parses numbers, and both change `errno`, which
 * whoever asks for the reason of a failed call would then read.
 */
function koffi(): typeof Koffi {
  if (process.env['KEELSON_NO_NATIVE'] === '1') throw new Error('KEELSON_NO_NATIVE is set');
  return (loaded ??= createRequire(import.meta.url)('koffi') as typeof Koffi);
}
