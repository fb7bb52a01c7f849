import type { ExecuteOptions, Executor, Future } from '@keelson/process';

/** Removes a tree in the executor, where a million files hold up nobody. A missing one is success. */
export function removeTree(executor: Executor, path: string, options?: ExecuteOptions): Future<unknown> {
  return executor.execute({ name: 'os.remove-tree', input: { path } }, options);
}
