import type { CommandDefinition } from '../command-definition.js';

export const whyCommand: CommandDefinition = (program, bind) => {
  program
    .command('why')
    .description('tell the chain that keeps an image or a layer alive, or that nothing does')
    .argument('<image|layer>', 'a reference, a layer id, or the first 12 or more digits of one')
    .action(
      bind(async ({ options, output }, command) => {
        const { readOnlyView } = await import('@keelson/agent');
        const explanation = await readOnlyView(options.root).why(command.args[0]!);
        output.result(explanation, () => [
          `${explanation.object} is ${explanation.kept ? 'kept' : 'not kept: the next prune removes it'}`,
          ...explanation.chains.map((chain) => `  ${chain.join(' → ')}`),
        ]);
      }),
    );
};
