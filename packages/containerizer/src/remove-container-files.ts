import type { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { ContainerizerContext } from './containerizer-context.js';

/**
 * Removes a container's runtime folder and sandbox, with those of what is nested in it. Missing ones are
 * success.
 */
export function removeContainerFiles(
  { paths, executor }: Pick<ContainerizerContext, 'paths' | 'executor'>,
  id: ContainerId,
): Future<unknown> {
  // The runtime folder last: while it is there, the next start still knows of the container.
  return executor
    .execute({ name: 'os.remove-tree', input: { path: paths.sandbox(id) } })
    .then(() => executor.execute({ name: 'os.remove-tree', input: { path: paths.container(id) } }));
}
