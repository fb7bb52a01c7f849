import type { Future } from '@keelson/process';
import type { PruneReport } from '@keelson/store';
import { mergePruneReports } from '@keelson/store';
import type { PruneFailure } from './containerizer-error.js';
import { codeOf, ContainerizerError, messageOf } from './containerizer-error.js';

/**
 * One report of prunes that are all over.
 *
 * @param names    of who was asked, in the order of `prunes`
 * @throws ContainerizerError PRUNE_PARTIAL  when any failed; it carries the joined report of the others, and
 *   what a failed one achieved all the same
 */
export function joinPrunes(names: readonly string[], prunes: readonly Future<PruneReport>[]): PruneReport {
  const reports: PruneReport[] = [];
  const failures: PruneFailure[] = [];
  prunes.forEach((prune, index) => {
    if (prune.isReady()) return reports.push(prune.get());
    const who = names[index] ?? `containerizer ${index}`;
    const error = prune.isFailed() ? prune.failure() : new Error(prune.toString());
    if (error instanceof ContainerizerError && error.partial) {
      reports.push(error.partial.report);
      return failures.push(
        ...error.partial.failures.map((each) => ({ ...each, who: `${who}/${each.who}` })),
      );
    }
    return failures.push({ who, code: codeOf(error), message: messageOf(error) });
  });

  const report = mergePruneReports(reports);
  if (failures.length === 0) return report;
  const told = failures.map(({ who, code, message }) => `${who}: ${code}: ${message}`).join('; ');
  throw new ContainerizerError('PRUNE_PARTIAL', `Not everything was pruned: ${told}`, {
    partial: { report, failures },
  });
}
