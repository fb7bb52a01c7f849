import { absoluteSources } from '../absolute-source.js';
import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';

export const pinCommand: CommandDefinition = (program, bind) => {
  program
    .command('pin')
    .description('protect images from every prune')
    .argument('<ref...>', 'as "keelson images" lists them')
    .action(
      bind(
        async (session, command) => {
          const names = absoluteSources(command.args, session.caller.workingDirectory);
          const images = await session.withAgent(async (agent) => agent.pin(names));
          session.output.result({ images }, () => images.map(({ reference }) => reference));
        },
        { changes: allArguments },
      ),
    );
};
