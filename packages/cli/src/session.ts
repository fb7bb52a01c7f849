import type { Agent, AgentOptions } from '@keelson/agent';
import type { GlobalOptions } from './global-options.js';
import { logLevels } from './global-options.js';
import type { Output } from './output.js';

/** One run of one command: what it was told, where it may write, and its own agent when it needs one. */
export class Session {
  constructor(
    readonly options: GlobalOptions,
    readonly output: Output,
  ) {}

  /**
   * Embeds a started agent for the length of `work`, which owns the store until then.
   * The agent is loaded here and not at the top, so that commands that need none start at once.
   */
  async withAgent<T>(work: (agent: Agent) => Promise<T>, options: Partial<AgentOptions> = {}): Promise<T> {
    const { Agent } = await import('@keelson/agent');
    const agent = Agent.create({ ...this.agentOptions(), ...options });
    try {
      await agent.start();
      return await work(agent);
    } finally {
      await agent.close();
    }
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
