import type { ContainerListing } from '@keelson/agent';
import type { CommandDefinition } from '../command-definition.js';
import { formatAge } from '../terminal/bytes.js';
import type { Column } from '../terminal/table.js';
import { formatTable } from '../terminal/table.js';

export const psCommand: CommandDefinition = (program, bind) => {
  program
    .command('ps')
    .description('list containers that run or hold a root filesystem')
    .option(
      '-a, --all',
      'also those that have ended; they protect nothing, and stay until they are destroyed',
    )
    .action(
      bind(async ({ options, output }, command) => {
        const { all } = command.opts<{ all?: boolean }>();
        const { readOnlyView } = await import('@keelson/agent');
        const known = await readOnlyView(options.root).containers();
        const containers = known.filter((container) => all || container.state !== 'EXITED');
        output.result({ containers }, () => formatTable(columns(Date.now()), containers));
      }),
    );
};

function columns(nowMs: number): readonly Column<ContainerListing>[] {
  return [
    { title: 'CONTAINER', text: (container) => container.id },
    { title: 'IMAGE', text: (container) => container.image ?? '-' },
    { title: 'STATE', text: (container) => container.state },
    { title: 'PID', align: 'right', text: (container) => String(container.pid ?? '-') },
    { title: 'EXIT', align: 'right', text: (container) => String(container.exitStatus ?? '-') },
    { title: 'CREATED', text: (container) => formatAge(container.createdAt, nowMs) },
  ];
}
