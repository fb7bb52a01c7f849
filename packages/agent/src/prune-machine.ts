import { ContainerizerError } from '@keelson/containerizer';
import { Future } from '@keelson/process';
import type { PruneReport } from '@keelson/store';
import { parseExclusions, StoreError } from '@keelson/store';
import type { Machine } from './machine.js';
import type { PruneOptions } from './prune-options.js';

/**
 * Prunes through the containerizers. What refuses the request as a whole is told as itself: PRUNE_PARTIAL says that
 * one of several failed, and would hide that nothing was done.
 *
 * @throws ImageError INVALID_REFERENCE  one exclusion is no reference
 * @throws StoreError PLAN_STALE         the plan named by `apply` no longer holds
 */
export function pruneMachine(
  machine: Pick<Machine, 'prune'>,
  { exclude = [], apply, wait = false }: PruneOptions,
): Future<PruneReport> {
  return Future.ready(exclude)
    .then((names) => parseExclusions(names))
    .then(() => machine.prune(exclude, { wait, ...(apply !== undefined && { planHash: apply }) }))
    .repair((failed) => {
      const error = failed.failure();
      const partial = error instanceof ContainerizerError ? error.partial : undefined;
      const stale = partial?.failures.find(({ code }) => code === 'PLAN_STALE');
      if (stale) throw new StoreError('PLAN_STALE', stale.message, { cause: error });
      return failed;
    });
}
