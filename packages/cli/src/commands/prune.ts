import type { CommandDefinition } from '../command-definition.js';
import { CliError } from '../cli-error.js';
import { collectText } from '../collect-text.js';
import { ExitCode } from '../exit-code.js';

interface PruneFlags {
  readonly dryRun?: boolean;
  readonly apply?: string;
  readonly exclude?: readonly string[];
  readonly wait?: boolean;
}

export const pruneCommand: CommandDefinition = (program, bind) => {
  program
    .command('prune')
    .description('remove every image and layer that no container and no exclusion needs')
    .option('--dry-run', 'only show the plan')
    .option('--apply <hash>', 'remove exactly what the plan with this hash says, or nothing (PLAN_STALE)')
    .option('--exclude <ref>', 'keep this image (may be repeated)', collectText)
    .option('--wait', 'answer after the sweep, with the bytes really unlinked')
    .addHelpText(
      'after',
      `
Layers are marked at once by moving them aside, and removed after the answer is printed; the command ends after both.`,
    )
    .action(
      bind(
        async (session, command) => {
          const { dryRun, apply, exclude = [], wait = false } = command.opts<PruneFlags>();
          if (dryRun && apply !== undefined) {
            throw new CliError('USAGE', '--dry-run and --apply exclude each other');
          }
          const { output } = session;
          const text = await import('../terminal/prune-text.js');
  
          if (dryRun) {
            const plan = await session.plan({ exclude });
            output.result(plan, () => text.planLines(plan, output.paint));
            return ExitCode.success;
          }
          session.requirePermission('PRUNE_IMAGES');
          return session.withAgent(async (agent) => {
            const asked = agent.pruneImages({ exclude, wait, ...(apply !== undefined && { apply }) });
            const { report, error } = await asked.then(
              (done) => ({ report: done, error: undefined }),
              partialPrune,
            );
            output.result({ ...report, ...(error && { error }) }, () => text.reportLines(report, output.paint));
            if (error) output.failureLine(error);
            // The answer is out; closing the agent finishes the sweep.
            return error ? ExitCode.failure : ExitCode.success;
          });
        },
        { changes: () => 'images' },
      ),
    );
};

/** Some of it was done all the same: that is reported like a whole prune, with what failed beside it. */
async function partialPrune(failure: unknown) {
  const { ContainerizerError } = await import('@keelson/agent');
  if (!(failure instanceof ContainerizerError) || !failure.partial) throw failure;
  const { report, failures } = failure.partial;
  return { report, error: { code: failure.code, message: failure.message, failures } };
}
