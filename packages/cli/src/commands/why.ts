import type { ImageListing } from '@keelson/agent';
import { absoluteSource } from '../absolute-source.js';
import type { CommandDefinition } from '../command-definition.js';
import { formatAge } from '../terminal/bytes.js';

export const whyCommand: CommandDefinition = (program, bind) => {
  program
    .command('why')
    .description('tell the chain that keeps an image or a layer alive, or that nothing does')
    .argument('<image|layer>', 'a reference, a layer id, or the first 12 or more digits of one')
    .action(
      bind(async ({ options, output, caller }, command) => {
        const { readOnlyView } = await import('@keelson/agent');
        const view = readOnlyView(options.root);
        const explanation = await view.why(absoluteSource(command.args[0]!, caller.workingDirectory));
        const image = (await view.images()).find(({ reference }) => reference === explanation.object);
        output.result(explanation, () => [
          `${explanation.object} is ${explanation.kept ? 'kept' : 'not kept: the next prune removes it'}`,
          ...explanation.chains.map((chain) => `  ${chain.join(' → ')}`),
          ...(image ? [lastUseOf(image, explanation.kept)] : []),
        ]);
      }),
    );
};

function lastUseOf({ pulledAt, lastUsedAt, pinned }: ImageListing, kept: boolean): string {
  const nowMs = Date.now();
  const used = lastUsedAt === null ? 'never used' : `last used ${formatAge(lastUsedAt, nowMs)}`;
  const order = kept ? '' : '; a collection takes the least recently used first';
  return `  pulled ${formatAge(pulledAt, nowMs)}, ${used}${pinned ? ', pinned' : ''}${order}`;
}
