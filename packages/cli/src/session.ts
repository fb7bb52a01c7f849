import type { OpenInput } from '@keelson/agent/server';
import type { Agent, AgentOptions, PlanOptions, PrunePlan } from '@keelson/agent';
import type { Future } from '@keelson/process';
import type { Caller, HostingAgent, RunCommandLine } from './caller.js';
import type { GlobalOptions } from './global-options.js';
import { logLevels } from './global-options.js';
import type { Output } from './output.js';
import { ServedMeanwhile } from './served-meanwhile.js';

/** One run of one command: what it was told, where it may write, and the agent it works with. */
export class Session {
  #began = false;

  constructor(
    readonly options: GlobalOptions,
    readonly output: Output,
    readonly caller: Caller,
    /** For a command that runs other command lines. */
    readonly runCommandLine: RunCommandLine,
    private readonly host?: HostingAgent,
  ) {}

  /** Whether a running agent does the work for somebody else: it owns the store before and after. */
  get hosted(): boolean {
    return this.host !== undefined;
  }

  /** From here on the command only waits for what happens: a hosting agent that stops leaves it at once. */
  watch(): void {
    this.host?.call.watch();
  }

  /** For a container that a hosting agent runs: the input of whoever has it do that. */
  async openInput(): Promise<OpenInput | undefined> {
    const { call } = this.host ?? {};
    const input = await call?.openInput();
    if (!input && call?.request.stdin) {
      this.output.notice('keelson: the agent cannot open the input of this command: the container has none');
    }
    return input;
  }

  /** @throws HttpFailure FORBIDDEN  whoever has a hosting agent do this may not */
  requirePermission(action: 'PRUNE_IMAGES'): void {
    this.host?.call.authorize(action);
  }

  /** What a prune would do: by the settings of the agent that runs this command, if one does. */
  async plan(options: PlanOptions): Promise<PrunePlan> {
    if (this.host) return this.host.agent.plan(options);
    const { readOnlyView } = await import('@keelson/agent');
    return readOnlyView(this.options.root).plan(options);
  }

  /**
   * Does `work` with the agent that runs this command, or else with one that is started for the length of
   * `work` and owns the store until then. The agent is loaded here and not at the top, so that commands that
   * need none start at once.
   */
  async withAgent<T>(work: (agent: Agent) => Promise<T>, options: Partial<AgentOptions> = {}): Promise<T> {
    if (this.host) return work(this.host.agent);
    const { Agent } = await import('@keelson/agent');
    const waiting = new AbortController();
    const over = new AbortController();
    const { onLockWait, ...others } = { ...this.agentOptions(), ...options };
    const agent = Agent.create({
      ...others,
      oneShot: true,
      onLockWait: (ownerPid) => {
        waiting.abort();
        onLockWait?.(ownerPid);
      },
    });
    try {
      await this.#startUnlessServed(agent, waiting.signal, over.signal);
      this.#began = true;
      return await work(agent);
    } catch (error) {
      // It still waits for the store, which the agent that serves it will keep.
      if (error instanceof ServedMeanwhile) void agent.close();
      throw error;
    } finally {
      over.abort();
      if (agent.state !== 'CLOSED') await agent.close();
    }
  }

  /** @throws ServedMeanwhile  before anything was done */
  async #startUnlessServed(agent: Agent, waiting: AbortSignal, over: AbortSignal): Promise<void> {
    const starting = agent.start().toPromise();
    if (this.#began) return starting;
    const served = new Promise<never>((_, reject) => {
      const watch = async (): Promise<void> => {
        const { untilServed } = await import('./until-served.js');
        await untilServed(this.options.root, this.output.streams.environment, over);
        if (!over.aborted) reject(new ServedMeanwhile());
      };
      waiting.addEventListener('abort', () => void watch(), { once: true });
    });
    return Promise.race([starting, served]);
  }

  /** Awaits what an agent answers; the request is discarded if nobody listens to this command any more. */
  async answer<T>(future: Future<T>): Promise<T> {
    const { answerFor } = await import('@keelson/agent/client');
    return answerFor(this.caller.gone, future);
  }

  agentOptions(): AgentOptions {
    const { root, lockTimeoutMs, logLevel } = this.options;
    const wanted = logLevels.slice(0, logLevels.indexOf(logLevel) + 1);
    return {
      root,
      lockTimeoutMs,
      log: ({ level, message }) => {
        if (wanted.includes(level)) this.output.streams.stderr.write(`keelson: ${level}: ${message}\n`);
      },
      onLockWait: (ownerPid) => this.output.notice(`waiting for process ${ownerPid}, which owns ${root}`),
    };
  }
}
