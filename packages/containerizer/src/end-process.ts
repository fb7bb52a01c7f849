import type { Host, ProcessIdentity } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { ContainerizerError } from './containerizer-error.js';
import type { ProcessRecord } from './launcher.js';

/** How long a killed process may take to go away. Longer means it hangs in the kernel. */
const killTimeoutMs = 10_000;

/**
 * Kills a container's first process, and with it everything in its process namespace; answers when both
 * it and its monitor are gone, so that the exit status is on disk. Nothing is signalled unless its
 * identity still matches.
 *
 * @throws ContainerizerError DESTROY_FAILED  it is still there after ten seconds
 */
export function endProcess(host: Host, record: ProcessRecord | undefined): Future<void> {
  const { process, monitor } = record ?? {};
  const killed = process
    ? host.signal(process, 'SIGKILL').then(() => gone(host, process))
    : Future.ready(undefined);
  return killed.then(() => (monitor ? gone(host, monitor) : undefined));
}

function gone(host: Host, process: ProcessIdentity): Future<void> {
  return host.exited(process).after(killTimeoutMs, () => {
    throw new ContainerizerError('DESTROY_FAILED', `Process ${process.pid} is still there after SIGKILL`);
  });
}
