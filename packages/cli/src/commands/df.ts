import type { ImageSummary } from '@keelson/agent';
import type { CommandDefinition } from '../command-definition.js';
import { formatAge, formatBytes } from '../terminal/bytes.js';
import type { Column } from '../terminal/table.js';
import { formatTable } from '../terminal/table.js';

export const dfCommand: CommandDefinition = (program, bind) => {
  program
    .command('df')
    .description('show what the store holds: live, cached, waiting to be swept, unaccounted for')
    .action(
      bind(async ({ options, output }) => {
        const { readOnlyView } = await import('@keelson/agent');
        const usage = await readOnlyView(options.root).usage();
        output.result(usage, () => [
          ...formatTable(
            [
              { title: 'KIND', text: ([kind]: Row) => kind },
              { title: 'SIZE', align: 'right', text: ([, sizeBytes]: Row) => formatBytes(sizeBytes) },
              { title: 'WHAT IT IS', text: ([, , meaning]: Row) => meaning },
            ],
            [
              ['live', usage.liveBytes, 'layers of containers'],
              ['cached', usage.cachedBytes, 'layers nobody uses: prune removes them'],
              ['trash', usage.trashBytes, 'marked, not swept yet'],
              ['staging', usage.stagingBytes, 'pulls under way or broken off'],
              ['unaccounted', usage.unaccountedBytes, 'found on disk, in no record'],
            ],
          ),
          ...(usage.images.length === 0 ? [] : ['', ...formatTable(imageColumns(Date.now()), usage.images)]),
        ]);
      }),
    );
};

function imageColumns(nowMs: number): readonly Column<ImageSummary>[] {
  return [
    { title: 'IMAGE', text: ({ reference }) => reference },
    { title: 'UNIQUE', align: 'right', text: ({ uniqueBytes }) => formatBytes(uniqueBytes) },
    { title: 'SHARED', align: 'right', text: ({ sharedBytes }) => formatBytes(sharedBytes) },
    { title: 'LAST USED', text: ({ lastUsedAt }) => formatAge(lastUsedAt, nowMs) },
    { title: 'PINNED', text: ({ pinned }) => (pinned ? 'yes' : '-') },
  ];
}

type Row = readonly [kind: string, sizeBytes: number, meaning: string];
