import type { FileLocks, HeldFileLock } from '@keelson/os/ports';
import type { Answer, Clock, ControlFlow, Future, Runtime } from '@keelson/process';
import { after, Break, Continue, loop } from '@keelson/process';
import { AgentError } from './agent-error.js';

export interface StoreLockOptions {
  readonly locks: FileLocks;
  readonly path: string;
  readonly timeoutMs: number;
  readonly runtime: Runtime;
  readonly clock: Clock;
  /** Told once, when somebody else owns the store. */
  readonly onWait: (ownerPid: number) => void;
  /** Whether nobody wants the store any more. */
  readonly isGivenUp: () => boolean;
}

/** flock tells nobody when it falls: whoever waits asks again this often. */
const pollMs = 50;

/**
 * Takes the store's lock, waiting for a short owner. One owner a store (T34): a second one would sweep what
 * the first is about to use.
 *
 * @throws AgentError STORE_LOCKED  somebody else still owns it after `timeoutMs`
 * @throws AgentError AGENT_CLOSED  it was given up before it was had
 */
export function acquireStoreLock(options: StoreLockOptions): Future<HeldFileLock> {
  const { locks, path, timeoutMs, runtime, clock, onWait, isGivenUp } = options;
  const deadlineMs = clock.now() + timeoutMs;
  let waiting = false;
  return loop(
    undefined,
    () => locks.tryAcquire(path),
    (answer): Answer<ControlFlow<HeldFileLock>> => {
      if ('release' in answer) return Break(answer);
      if (isGivenUp()) throw new AgentError('AGENT_CLOSED', 'this agent was closed while it waited for the store');
      const { ownerPid } = answer;
      if (clock.now() >= deadlineMs) {
        const owner = ownerPid > 0 ? `process ${ownerPid}` : 'another process';
        throw new AgentError(
          'STORE_LOCKED',
          `cannot own the store: ${owner} holds ${path}, and did for ${timeoutMs} ms`,
        );
      }
      if (!waiting) onWait(ownerPid);
      waiting = true;
      return after(Math.min(pollMs, deadlineMs - clock.now()), { runtime }).then(() => Continue);
    },
  );
}
