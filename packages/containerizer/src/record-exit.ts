import type { Files } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import type { ContainerId } from '@keelson/provisioner';
import type { ContainerPaths } from './container-paths.js';

/**
 * Puts the exit status of a container on disk, as its monitor does. For who waited for
 * `LaunchedProcess.status` without an agent, and saw an end its monitor could not record; the next agent
 * takes it up from there.
 *
 * @param exitStatus  as a shell shows it: 0 to 255, 128 + n for signal n
 */
export function recordExit(
  paths: ContainerPaths,
  files: Files,
  id: ContainerId,
  exitStatus: number,
): Future<void> {
  return files.writeDurably(paths.status(id), new TextEncoder().encode(`${exitStatus}\n`), { mode: 0o600 });
}
