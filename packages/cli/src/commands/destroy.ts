import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';

export const destroyCommand: CommandDefinition = (program, bind) => {
  program
    .command('destroy')
    .description('end a container, however it was made, and remove it with its root filesystem')
    .argument('<id>', 'the container')
    .action(
      bind(
        async (session, command) => {
          const containerId = command.args[0]!;
          await session.withAgent(async (agent) => agent.destroy(containerId));
          session.output.result({ containerId, destroyed: true }, () => [containerId]);
        },
        { changes: allArguments },
      ),
    );
};
