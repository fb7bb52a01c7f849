import type { Agent, AttachedContainer, LaunchOptions } from '@keelson/agent';
import { drawnPull } from './drawn-pull.js';
import { describeFailure } from './failure.js';
import { ExitCode } from './exit-code.js';
import type { Session } from './session.js';
import { SignalForwarding, signalNumber } from './signal-forwarding.js';

/** `run` failed before there was an exit status: carries the one the command ends with. */
class RunFailure extends Error {
  readonly code: string;
  constructor(
    cause: unknown,
    readonly exitCode: number,
  ) {
    const { code, message } = describeFailure(cause);
    super(message, { cause });
    this.code = code;
  }
}

/**
 * Launches a container and stays with it. The store is owned while the container is started and again when it has
 * ended, and by nobody in between: other commands pull and prune meanwhile. Answers the container's exit status.
 */
export async function runForeground(
  session: Session,
  options: LaunchOptions & { readonly id: string },
  { remove }: { readonly remove: boolean },
): Promise<number> {
  const { exitStatusOfFailure } = await import('@keelson/agent');
  let interruptedBy: number | undefined;
  let forwarding: SignalForwarding | undefined;
  try {
    const attached = await session.withAgent((agent) => {
      // While the image is pulled there is nobody to hand a signal to: it gives the launch up.
      forwarding = new SignalForwarding((signal) => {
        interruptedBy ??= signalNumber(signal);
        agent.destroy(options.id);
      });
      return start(agent, session, options);
    });
    forwarding!.redirect((signal) => attached.signal(signal));
    const exitStatus = await attached.status;
    forwarding!.dispose();
    return (await finish(session, options.id, remove)) ?? exitStatus ?? ExitCode.runFailed;
  } catch (error) {
    if (interruptedBy !== undefined) throw new RunFailure(error, ExitCode.signalBase + interruptedBy);
    throw new RunFailure(error, exitStatusOfFailure(error));
  } finally {
    forwarding?.dispose();
  }
}

async function start(agent: Agent, session: Session, options: LaunchOptions & { id: string }): Promise<AttachedContainer> {
  const label = options.image ?? options.id;
  await drawnPull(session.output, label, (onProgress) => agent.launch({ ...options, onProgress }));
  return agent.attach(options.id);
}

/** Records the end, releases the root filesystem, and removes what is left if that was asked for. */
async function finish(session: Session, id: string, remove: boolean): Promise<number | undefined> {
  try {
    return await session.withAgent(async (agent) => {
      const { exitStatus } = await agent.wait(id);
      if (remove) await agent.destroy(id);
      return exitStatus;
    });
  } catch (error) {
    const { code, message } = describeFailure(error);
    // Another command that owned the store meanwhile may have finished the work.
    if (code !== 'NO_SUCH_CONTAINER') session.output.notice(`keelson: ${code}: left for the next command: ${message}`);
    return undefined;
  }
}
