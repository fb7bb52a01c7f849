import type { CommandDefinition } from '../command-definition.js';

export const demoCommand: CommandDefinition = (program, bind) => {
  program
    .command('demo')
    .description('take the whole tour: pull, launch, prune, in a temporary root, with a registry of its own')
    .option(
      '--inspect',
      'keep the agent and its containers up at the end, until Ctrl-C, so that you can look around',
    )
    .addHelpText(
      'after',
      `
Needs no registry, no daemon and no internet. Launching needs root or user namespaces; where there are neither those
steps say NO_LAUNCHER, the others run, and the exit status is 69.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { inspect = false } = command.opts<{ inspect?: boolean }>();
          const { runDemo } = await import('../demo/run-demo.js');
          return runDemo(session, { inspect });
        },
        { local: true },
      ),
    );
};
