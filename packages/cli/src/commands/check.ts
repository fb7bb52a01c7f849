import type { CheckReport } from '@keelson/agent';
import type { CommandDefinition } from '../command-definition.js';
import { ExitCode } from '../exit-code.js';

export const checkCommand: CommandDefinition = (program, bind) => {
  program
    .command('check')
    .description('compare directories and records, both ways, and hash every layer again')
    .option('--repair', 'move what is damaged aside, and forget the images that are not whole then')
    .addHelpText(
      'after',
      `
Without --repair nothing is changed, and no lock is needed. A repair removes as little as it can and deletes nothing:
what is damaged lies in ROOT/store/docker/quarantine then. The next pull of an image fetches what is missing of it.
What a container stands on stays until the container is destroyed. Exit status 1: something is not as it should be.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { repair = false } = command.opts<{ repair?: boolean }>();
          const { readOnlyView } = await import('@keelson/agent');
          const view = readOnlyView(session.options.root);
          // A start puts right what it finds: what that was is seen before it.
          const report = repair
            ? await view.check().then(({ problems }) =>
                session.withAgent(async (agent) => agent.check({ repair: true, seen: problems })),
              )
            : await view.check({ contents: true });
          session.output.result(report, () => checkLines(report, repair));
          return report.ok ? ExitCode.success : ExitCode.failure;
        },
        { changes: () => 'images' },
      ),
    );
};

function checkLines({ ok, problems, repaired }: CheckReport, repair: boolean): readonly string[] {
  if (problems.length === 0) return ['Everything is as it should be.'];
  const done = new Set(repaired);
  const lines = problems.map(({ code, object, why }) => {
    return `${done.has(object) ? 'repaired' : 'damaged'}  ${code}  ${object}: ${why}`;
  });
  return ok || repair ? lines : [...lines, 'keelson check --repair moves what is damaged aside.'];
}
