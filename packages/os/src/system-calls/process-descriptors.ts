import { closeSync } from 'node:fs';
import { checked, lastErrno, nativeFunction, numberedSystemCall } from './native.js';
import { systemCallNumbers } from './numbers.js';

/**
 * Signals a process through a descriptor of it (pidfd, Linux 5.3), so that a reused pid is never hit.
 *
 * @param isTheOne  asked while the descriptor pins the process: whether the pid is the one that is meant
 * @returns false when there is no such process, or not the one
 * @throws FileError EPERM; ENOSYS on older kernels
 */
export function signalIf(pid: number, signal: number, isTheOne: () => boolean): boolean {
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

/** Signal 0 and up to a process by its plain number: for kernels without descriptors of processes. */
export function signalPid(pid: number, signal: number): boolean {
  const result = kill(pid, signal);
  if (result < 0 && lastErrno() === ESRCH) return false;
  return checked(result, 'kill', `/proc/${pid}`) === 0;
}

const ESRCH = 3;

const pidfdOpen = numberedSystemCall('pidfd_open', systemCallNumbers.pidfdOpen, ['int', 'uint']);
const pidfdSendSignal = numberedSystemCall('pidfd_send_signal', systemCallNumbers.pidfdSendSignal, [
  'int',
  'int',
  'void *',
  'uint',
]);
const kill = nativeFunction('kill', ['int', 'int']);
