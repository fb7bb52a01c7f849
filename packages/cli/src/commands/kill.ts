import type { Agent } from '@keelson/agent';
import { CliError } from '../cli-error.js';
import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';

export const killCommand: CommandDefinition = (program, bind) => {
  program
    .command('kill')
    .description('send a signal to the first process of a container')
    .argument('<id>', 'the container')
    .option('-s, --signal <signal>', 'TERM, SIGTERM or 15', 'KILL')
    .action(
      bind(
        async (session, command) => {
          const containerId = command.args[0]!;
          const signal = await readSignal(command.opts<{ signal: string }>().signal);
          await session.withAgent(async (agent) => {
            if (!(await agent.kill(containerId, signal))) await explain(agent, containerId, signal);
          });
          session.output.result({ containerId, signal }, () => [containerId]);
        },
        { changes: allArguments },
      ),
    );
};

async function readSignal(text: string): Promise<string> {
  const { parseSignal } = await import('@keelson/agent');
  const signal = parseSignal(text);
  if (signal !== undefined) return signal;
  throw new CliError('USAGE', `--signal is ${JSON.stringify(text)}, but must be a signal: TERM, SIGTERM or 15`);
}

/** Why there was nothing to signal. */
async function explain(agent: Agent, id: string, signal: string): Promise<never> {
  const { AgentError } = await import('@keelson/agent');
  const container = (await agent.containers()).find((each) => each.id === id);
  if (!container) throw new AgentError('NO_SUCH_CONTAINER', `there is no container ${id}`);
  const why = `cannot send ${signal} to container ${id}: it is ${container.state}`;
  throw new AgentError('CONTAINER_NOT_RUNNING', why);
}
