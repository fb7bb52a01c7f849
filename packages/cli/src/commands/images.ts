import type { ImageListing } from '@keelson/agent';
import type { CommandDefinition } from '../command-definition.js';
import { formatAge, formatBytes } from '../terminal/bytes.js';
import type { Column } from '../terminal/table.js';
import { formatTable } from '../terminal/table.js';

export const imagesCommand: CommandDefinition = (program, bind) => {
  program
    .command('images')
    .description('list images: their size, what is theirs alone, who uses them')
    .addHelpText(
      'after',
      `
UNIQUE is what removing this image alone would free; SHARED is held by other images too. Needs no lock.`,
    )
    .action(
      bind(async ({ options, output }) => {
        const { readOnlyView } = await import('@keelson/agent');
        const images = await readOnlyView(options.root).images();
        output.result({ images }, () => formatTable(columns(Date.now()), images));
      }),
    );
};

function columns(nowMs: number): readonly Column<ImageListing>[] {
  return [
    { title: 'REFERENCE', text: (image) => image.reference },
    { title: 'DIGEST', text: (image) => image.digest.slice(0, 19) },
    { title: 'SIZE', align: 'right', text: (image) => formatBytes(image.sizeBytes) },
    { title: 'UNIQUE', align: 'right', text: (image) => formatBytes(image.uniqueBytes) },
    { title: 'SHARED', align: 'right', text: (image) => formatBytes(image.sharedBytes) },
    { title: 'PULLED', text: (image) => formatAge(image.pulledAt, nowMs) },
    { title: 'LAST USED', text: (image) => formatAge(image.lastUsedAt, nowMs) },
    { title: 'PINNED', text: (image) => (image.pinned ? 'yes' : '-') },
    { title: 'USED BY', text: (image) => image.usedBy.join(', ') || '-' },
  ];
}
