import type { BackendName } from '@keelson/agent';
import { Option } from 'commander';
import { absoluteSource } from '../absolute-source.js';
import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';

export const provisionCommand: CommandDefinition = (program, bind) => {
  program
    .command('provision')
    .description("make an image's root filesystem for purposes of your own, and print where it is")
    .argument('<image>', 'pulled if it is not here')
    .option('--id <id>', 'its name (default: a new one)')
    .addOption(new Option('--backend <backend>', 'how it is made').choices(['overlay', 'copy', 'bind']))
    .addHelpText(
      'after',
      `
Nothing runs in it. Its layers are safe from prune until "keelson destroy ID".
overlay needs root; copy is for everybody.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { id, backend } = command.opts<{ id?: string; backend?: BackendName }>();
          const image = command.args[0]!;
          const { drawnPull } = await import('../drawn-pull.js');
          const source = absoluteSource(image, session.caller.workingDirectory);
          const wanted = { image: source, ...(id !== undefined && { id }), ...(backend && { backend }) };
          const provisioned = await session.withAgent((agent) =>
            drawnPull(session.output, image, (onProgress) => agent.provision({ ...wanted, onProgress })),
          );
          session.output.result(provisioned, () => [provisioned.rootfs]);
        },
        { changes: allArguments },
      ),
    );
};
