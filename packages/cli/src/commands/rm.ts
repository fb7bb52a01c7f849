import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';

export const rmCommand: CommandDefinition = (program, bind) => {
  program
    .command('rm')
    .description('forget a container that has ended, with its configuration, status and logs')
    .argument('<id>', 'the container')
    .addHelpText('after', '\nOne that runs is refused: "keelson destroy ID" ends and removes it.')
    .action(
      bind(
        async (session, command) => {
          const containerId = command.args[0]!;
          await session.withAgent(async (agent) => agent.remove(containerId));
          session.output.result({ containerId, removed: true }, () => [containerId]);
        },
        { changes: allArguments },
      ),
    );
};
