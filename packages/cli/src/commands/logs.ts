import type { CommandDefinition } from '../command-definition.js';

export const logsCommand: CommandDefinition = (program, bind) => {
  program
    .command('logs')
    .description('print what a container wrote: its stdout on ours, its stderr on ours')
    .argument('<id>', 'the container')
    .option('-f, --follow', 'go on until it has ended')
    .addHelpText(
      'after',
      `
Needs no lock. There is nothing to print of a container that ran in the foreground of a command of its own.`,
    )
    .action(
      bind(async (session, command) => {
        const { follow = false } = command.opts<{ follow?: boolean }>();
        if (follow) session.watch();
        const { printLogs } = await import('../container-logs.js');
        await printLogs(session, command.args[0]!, { follow });
      }),
    );
};
