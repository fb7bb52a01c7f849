import { type BigIntStats, lstatSync } from 'node:fs';
import { type BytePath, fileError, systemCallError } from '../../file-error.js';

/** The form in which Node takes a path. A NUL would silently name another file: EINVAL. */
export function nodePath(path: BytePath): string | Buffer {
  const native = typeof path === 'string' ? path : Buffer.from(path);
  if (native.includes('\0')) throw fileError('EINVAL', 'open', path, 'a path holds no NUL');
  return native;
}

/** The status of the node itself; an error is told as if the system call that this stands for had failed. */
export function statusFor(syscall: string, path: BytePath, told: BytePath = path): BigIntStats {
  try {
    return lstatSync(nodePath(path), { bigint: true });
  } catch (error) {
    throw asCall(syscall, told, error);
  }
}

/** What Node's own function threw, as the failure of the system call that it stands for. */
export function asCall(syscall: string, path: BytePath, error: unknown): unknown {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined ? error : systemCallError(-errno, syscall, path);
}
