import type { CommandDefinition } from '../command-definition.js';

export const metricsCommand: CommandDefinition = (program, bind) => {
  program
    .command('metrics')
    .description('print what the agent has counted and measured since it started')
    .action(
      bind(async (session) => {
        const metrics = await session.withAgent(async (agent) => agent.metrics());
        session.output.result(metrics, () =>
          Object.entries(metrics).map(([name, value]) => `${name} ${value}`),
        );
      }),
    );
};
