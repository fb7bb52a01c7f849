import { resolve } from 'node:path';
import { absoluteSource } from '../absolute-source.js';
import type { CommandDefinition } from '../command-definition.js';
import { allArguments } from '../command-definition.js';

export const loadCommand: CommandDefinition = (program, bind) => {
  program
    .command('load')
    .description('take images from an archive of docker save, an OCI archive or an OCI layout')
    .argument('<file>', 'packed or not; docker-archive:FILE:NAME and oci-archive:FILE:NAME take one image')
    .option('--force', 'let an image take a name that means another one here')
    .addHelpText(
      'after',
      `
Every digest and size is checked, as for a pull. The file is read by the agent that serves the root, if there is one.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { force } = command.opts<{ force?: boolean }>();
          const [file] = command.args as [string];
          const { workingDirectory } = session.caller;
          const named = /^(oci|oci-archive|docker-archive):/.test(file);
          const source = named ? absoluteSource(file, workingDirectory) : resolve(workingDirectory, file);
          const [{ drawnPull }, { tellOfPulled }] = await Promise.all([
            import('../drawn-pull.js'),
            import('../terminal/pulled-text.js'),
          ]);
          const images = await session.withAgent((agent) =>
            drawnPull(session.output, file, (onProgress) =>
              session.answer(agent.load(source, { ...(force && { force }), onProgress })),
            ),
          );
          tellOfPulled(session.output, images);
        },
        { changes: allArguments },
      ),
    );
};
