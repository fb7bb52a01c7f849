import type { CommandDefinition } from '../command-definition.js';

export const waitCommand: CommandDefinition = (program, bind) => {
  program
    .command('wait')
    .description('wait until a container has ended, and print its exit status')
    .argument('<id>', 'the container')
    .action(
      bind(async (session, command) => {
        const containerId = command.args[0]!;
        session.watch();
        const { containerEnd } = await import('../container-end.js');
        const { exitStatus = null, signal = null } = await containerEnd(session, containerId);
        session.output.result({ containerId, exitStatus, signal }, () => [String(exitStatus ?? 'unknown')]);
      }),
    );
};
