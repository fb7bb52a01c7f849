import type { ContainerizerPid } from '@keelson/containerizer';
import type { Host } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import { AgentError } from './agent-error.js';

/** The process of a container, beyond the life of the agent that launched it. */
export interface AttachedContainer {
  /** Its exit status as a shell shows it (128 + n for signal n); `undefined` when nobody saw the end. */
  readonly status: Future<number | undefined>;
  /** Signals its first process, if that still is the one it was (pid, start time and boot id). */
  signal(signal: string): Future<boolean>;
}

/** @throws AgentError NO_SUCH_CONTAINER */
export function attachTo(
  id: ContainerId,
  containerizer: ContainerizerPid,
  host: Host,
): Future<AttachedContainer> {
  return containerizer.processOf(id).then((launched): AttachedContainer | Future<AttachedContainer> => {
    if (launched) {
      const { process, status } = launched;
      return { status, signal: (signal) => (process ? host.signal(process, signal) : Future.ready(false)) };
    }
    // It has ended already: what it ended with is on record.
    return containerizer.wait(id).then((termination) => {
      if (!termination) throw new AgentError('NO_SUCH_CONTAINER', `there is no container ${id}`);
      return { status: Future.ready(termination.exitStatus), signal: () => Future.ready(false) };
    });
  });
}
