import { setTimeout } from 'node:timers/promises';
import type { Agent, AgentOptions, AttachedContainer, LaunchOptions } from '@keelson/agent';
import { drawnPull } from './drawn-pull.js';
import { describeFailure } from './failure.js';
import { ExitCode } from './exit-code.js';
import { relayLogs } from './relay-logs.js';
import { RunFailure } from './run-failure.js';
import type { Session } from './session.js';
import type { ForwardedSignal } from './signal-source.js';
import { signalNumber } from './signal-source.js';

/** A container that is over within this time is taken down by the agent that launched it. */
const briefMs = 100;

/**
 * Launches a container and stays with it. A hosting agent lets it write to its sandbox, and copies from
 * there. An embedded one is not needed while the container runs: the store is owned until it does and again
 * when it has ended, and by nobody in between. Of most commands the end comes at once, and one agent sees all.
 *
 * @returns the container's exit status
 */
export async function runForeground(
  session: Session,
  options: LaunchOptions & { readonly id: string },
  { remove, settings = {} }: { readonly remove: boolean; readonly settings?: Partial<AgentOptions> },
): Promise<number> {
  const { exitStatusOfFailure, readOnlyView } = await import('@keelson/agent');
  const input = await session.openInput();
  const hosted = { ...options, stdio: 'sandbox' as const, ...(input && { stdin: input.descriptor }) };
  const wanted = session.hosted ? hosted : options;
  let launch: InterruptibleLaunch | undefined;
  try {
    const { attached, finished } = await session.withAgent(async (agent) => {
      launch = new InterruptibleLaunch(agent, wanted, session);
      const attached = await launch.run().finally(() => input?.close());
      // What it wrote into its sandbox has to be shown before that is removed.
      if (wanted.stdio === 'sandbox' || !(await isOverSoon(attached))) return { attached };
      return { attached, finished: await unlessLeft(session, () => finish(agent, options.id, remove)) };
    }, settings);
    if (finished) return finished.exitStatus ?? (await attached.status) ?? ExitCode.runFailed;

    session.watch();
    if (wanted.stdio === 'sandbox') {
      const logs = await readOnlyView(session.options.root).logs(options.id);
      await relayLogs(session, logs, attached.status);
    }
    const exitStatus = await attached.status;
    launch?.dispose();
    const seen = await unlessLeft(session, () =>
      session.withAgent((agent) => finish(agent, options.id, remove), settings),
    );
    return seen.exitStatus ?? exitStatus ?? ExitCode.runFailed;
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
  readonly #stopListening: () => void;
  #attached: AttachedContainer | undefined;
  #givenUp: PromiseLike<unknown> | undefined;

  constructor(
    private readonly agent: Agent,
    private readonly options: LaunchOptions & { readonly id: string },
    private readonly session: Session,
  ) {
    const { signals, gone } = session.caller;
    const stop = signals.listen((signal) => void this.#receive(signal).catch(() => {}));
    // An agent that is closing answers nothing more, and takes care of what was begun.
    const leave = (): void => void this.#giveUp().catch(() => {});
    gone.addEventListener('abort', leave, { once: true });
    this.#stopListening = () => {
      gone.removeEventListener('abort', leave);
      stop();
    };
  }

  async run(): Promise<AttachedContainer> {
    const { agent, options } = this;
    const label = options.image ?? options.id;
    try {
      await drawnPull(this.session.output, label, (onProgress) => agent.launch({ ...options, onProgress }));
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
    this.#stopListening();
  }

  async #receive(signal: ForwardedSignal): Promise<void> {
    if (this.#attached) {
      this.#attached.signal(signal);
      return;
    }
    this.#kept.push(signal);
    if (await this.#giveUp()) this.interruptedBy = signal;
  }

  /** Ends a launch that has no process yet; false when it is too late for that. */
  async #giveUp(): Promise<boolean> {
    const known = (await this.agent.containers()).find(({ id }) => id === this.options.id);
    if (this.#attached || this.#givenUp || (known && !beforeProcess.has(known.state))) return false;
    this.#givenUp = this.agent.destroy(this.options.id);
    return true;
  }
}

/** States in which a container has no process yet and may still wait for the network. */
const beforeProcess: ReadonlySet<string> = new Set(['STARTING', 'PROVISIONING']);

async function isOverSoon({ status }: AttachedContainer): Promise<boolean> {
  const over = status.then(() => true);
  const stop = new AbortController();
  const late = setTimeout(briefMs, false, { signal: stop.signal }).catch(() => false);
  try {
    return await Promise.race([over, late]);
  } finally {
    stop.abort();
  }
}

/** What a finished container told of its end; nothing where that is left to the next command. */
type Finished = { readonly exitStatus?: number | undefined };

/** Records the end, releases the root filesystem, and removes what is left if that was asked for. */
async function finish(agent: Agent, id: string, remove: boolean): Promise<Finished> {
  const { exitStatus } = await agent.wait(id);
  if (remove) await agent.destroy(id);
  return { exitStatus };
}

async function unlessLeft(session: Session, work: () => Promise<Finished>): Promise<Finished> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = describeFailure(error);
    // Another command that owned the store meanwhile may have finished the work.
    if (code !== 'NO_SUCH_CONTAINER') {
      session.output.notice(`keelson: ${code}: left for the next command: ${message}`);
    }
    return {};
  }
}
