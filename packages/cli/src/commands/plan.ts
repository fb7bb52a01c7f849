import type { CommandDefinition } from '../command-definition.js';
import { collectText } from '../collect-text.js';

export const planCommand: CommandDefinition = (program, bind) => {
  program
    .command('plan')
    .description('show what prune would do: every image and layer, remove or keep, and the reason')
    .option('--exclude <ref>', 'keep this image (may be repeated)', collectText)
    .addHelpText(
      'after',
      '\nNothing is changed. "keelson prune --apply HASH" removes exactly this, or nothing.',
    )
    .action(
      bind(async (session, command) => {
        const { exclude } = command.opts<{ exclude?: readonly string[] }>();
        const { planLines } = await import('../terminal/prune-text.js');
        const plan = await session.plan({ exclude: exclude ?? [] });
        const { output } = session;
        output.result(plan, () => planLines(plan, output.paint));
      }),
    );
};
