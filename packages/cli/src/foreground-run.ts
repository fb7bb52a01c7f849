import type { Agent, AttachedContainer, LaunchOptions } from '@keelson/agent';
import { drawnPull } from './drawn-pull.js';
import { describeFailure } from './failure.js';
import { ExitCode } from './exit-code.js';
import type { Session } from './session.js';
import type { ForwardedSignal } from './signal-forwarding.js';
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
 * Launches a container and stays with it. The store is owned while the container is started and again when it
 * has ended, and by nobody in between: other commands pull and prune meanwhile. Answers the container's exit
 * status.
 */
export async function runForeground(
  session: Session,
  options: LaunchOptions & { readonly id: string },
  { remove }: { readonly remove: boolean },
): Promise<number> {
  const { exitStatusOfFailure } = await import('@keelson/agent');
  let launch: InterruptibleLaunch | undefined;
  try {
    const attached = await session.withAgent((agent) => {
      launch = new InterruptibleLaunch(agent, options);
      return launch.run(session);
    });
    const exitStatus = await attached.status;
    launch?.dispose();
    return (await finish(session, options.id, remove)) ?? exitStatus ?? ExitCode.runFailed;
  } catch (error) {
    const signal = launch?.interruptedBy;
    throw new RunFailure(
      error,
      signal ? ExitCode.signalBase + signalNumber(signal) : exitStatusOfFailure(error),
    );
  } finally {
    launch?.dispose();
  }
}

/**
 * One launch, under signals. While its image is pulled there is nobody to hand a signal to, so it gives the
 * launch up; from then on signals are kept until the container runs, and handed to it.
 */
class InterruptibleLaunch {
  interruptedBy: ForwardedSignal | undefined;
  readonly #kept: ForwardedSignal[] = [];
  readonly #forwarding: SignalForwarding;
  #attached: AttachedContainer | undefined;
  #givenUp: PromiseLike<unknown> | undefined;

  constructor(
    private readonly agent: Agent,
    private readonly options: LaunchOptions & { readonly id: string },
  ) {
    this.#forwarding = new SignalForwarding((signal) => this.#receive(signal));
  }

  async run({ output }: Session): Promise<AttachedContainer> {
    const { agent, options } = this;
    const label = options.image ?? options.id;
    try {
      await drawnPull(output, label, (onProgress) => agent.launch({ ...options, onProgress }));
    } catch (error) {
      // The agent must not be closed before what was begun is taken down.
      await this.#givenUp?.then(undefined, () => {});
      throw error;
    }
    const attached = await agent.attach(options.id);
    this.#attached = attached;
    for (const signal of this.#kept) attached.signal(signal);
    return attached;
  }

  dispose(): void {
    this.#forwarding.dispose();
  }

  async #receive(signal: ForwardedSignal): Promise<void> {
    if (this.#attached) {
      this.#attached.signal(signal);
      return;
    }
    this.#kept.push(signal);
    const known = (await this.agent.containers()).find(({ id }) => id === this.options.id);
    if (this.#attached || this.#givenUp || (known && !beforeProcess.has(known.state))) return;
    this.interruptedBy = signal;
    this.#givenUp = this.agent.destroy(this.options.id);
  }
}

/** States in which a container has no process yet and may still wait for the network. */
const beforeProcess: ReadonlySet<string> = new Set(['STARTING', 'PROVISIONING']);

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
    if (code !== 'NO_SUCH_CONTAINER') {
      session.output.notice(`keelson: ${code}: left for the next command: ${message}`);
    }
    return undefined;
  }
}
