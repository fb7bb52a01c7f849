import type { Explanation } from '@keelson/agent';
import type { CommandDefinition } from '../command-definition.js';
import { formatAge } from '../terminal/bytes.js';

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
          ...aboutImage(explanation, Date.now()),
        ]);
      }),
    );
};

function aboutImage({ image, kept }: Explanation, nowMs: number): readonly string[] {
  if (!image) return [];
  const used = image.lastUsedAt === null ? 'never used' : `last used ${formatAge(image.lastUsedAt, nowMs)}`;
  const order = kept ? '' : '; a collection takes the least recently used first';
  return [`  pulled ${formatAge(image.pulledAt, nowMs)}, ${used}${image.pinned ? ', pinned' : ''}${order}`];
}
