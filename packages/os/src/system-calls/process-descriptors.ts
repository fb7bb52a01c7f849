import { closeSync } from 'node:fs';
import { checked, hasNative, lastErrno, nativeFunction, numberedSystemCall } from './native.js';
import { systemCallNumbers } from './numbers.js';
import { asCall } from './without-native/status.js';

/**
 * Signals a process through a descriptor of it (pidfd, Linux 5.3), so that a reused pid is never hit.
 *
 * @param isTheOne  asked while the descriptor pins the process: whether the pid is the one that is meant
 * @returns false when there is no such process, or not the one
 * @throws FileError EPERM; ENOSYS on older kernels
 */
export function signalIf(pid: number, signal: number, isTheOne: () => boolean): boolean {
  if (!hasNative()) return isTheOne() && signalPid(pid, signal);
  const descriptor = pidfdOpen(pid, 0);
  if (descriptor < 0 && lastErrno() === ESRCH) return false;
  checked(descriptor, 'pidfd_open', `/proc/${pid}`);
  try {
    if (!isTheOne()) return false;
    const result = pidfdSendSignal(descriptor, signal, null, 0);
    if (result < 0 && lastErrno() === ESRCH) return false;
    return checked(result, 'kill', `/proc/${pid}`) === 0;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * A descriptor of ours for what `descriptor` is in another process (pidfd_getfd, Linux 5.6): the same open file, with
 * its position and its flags. Takes the right to trace that process.
 *
 * @throws FileError ESRCH, EBADF, EPERM; ENOSYS on older kernels
 */
export function copyDescriptor(pid: number, descriptor: number): number {
  const process = checked(pidfdOpen(pid, 0), 'pidfd_open', `/proc/${pid}`);
  try {
    return checked(pidfdGetfd(process, descriptor, 0), 'pidfd_getfd', `/proc/${pid}/fd/${descriptor}`);
  } finally {
    closeSync(process);
  }
}

/** Signal 0 and up to a process by its plain number: for kernels without descriptors of processes. */
export function signalPid(pid: number, signal: number): boolean {
  if (!hasNative()) return signalByNode(pid, signal);
  const result = kill(pid, signal);
  if (result < 0 && lastErrno() === ESRCH) return false;
  return checked(result, 'kill', `/proc/${pid}`) === 0;
}

function signalByNode(pid: number, signal: number): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw asCall('kill', `/proc/${pid}`, error);
  }
}

const ESRCH = 3;

const pidfdOpen = numberedSystemCall('pidfd_open', systemCallNumbers.pidfdOpen, ['int', 'uint']);
const pidfdSendSignal = numberedSystemCall('pidfd_send_signal', systemCallNumbers.pidfdSendSignal, [
  'int',
  'int',
  'void *',
  'uint',
]);
const pidfdGetfd = numberedSystemCall('pidfd_getfd', systemCallNumbers.pidfdGetfd, ['int', 'int', 'uint']);
const kill = nativeFunction('kill', ['int', 'int']);
