import { absoluteSources } from '../absolute-source.js';
import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';

export const untagCommand: CommandDefinition = (program, bind) => {
  program
    .command('untag')
    .description('forget names of images')
    .argument('<ref...>', 'as "keelson images" lists them')
    .addHelpText('after', '\nWhat they meant goes with the next prune; a container keeps the layers it stands on.')
    .action(
      bind(
        async (session, command) => {
          const names = absoluteSources(command.args, session.caller.workingDirectory);
          const images = await session.withAgent(async (agent) => agent.untag(names));
          session.output.result({ images }, () => images.map(({ reference }) => reference));
        },
        { changes: allArguments },
      ),
    );
};
