import type { Files } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { ContainerizerError } from './containerizer-error.js';
import type { InRootPath } from './in-root.js';
import { isAtOrBelow, resolveInRoot } from './in-root.js';
import type { LaunchRequest } from './launcher.js';

type Command = Pick<LaunchRequest, 'rootfs' | 'argv' | 'environment' | 'workingDirectory' | 'mounts'>;

/**
 * Looks for the program as execvp would, so that a missing command is told before anything is started and
 * in the same words whatever the launcher. What a mount brings in cannot be looked at: whether it is
 * there, is left to the launcher.
 *
 * @throws ContainerizerError COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE
 */
export function requireExecutable(files: Files, command: Command): Future<void> {
  const program = command.argv[0] ?? '';
  return search(candidates(program, command), undefined);

  function search([path, ...rest]: readonly string[], denied: string | undefined): Future<void> {
    if (path === undefined) return denied !== undefined ? notExecutable(denied) : notFound();
    return look(files, command.rootfs, path).then((found): void | Future<void> => {
      if (found && command.mounts.some(({ target }) => isAtOrBelow(found.path, target))) return undefined;
      if (!found?.status) return search(rest, denied);
      const { kind, mode } = found.status;
      return kind === 'file' && (mode & 0o111) !== 0 ? undefined : search(rest, denied ?? path);
    });
  }

  function notExecutable(path: string): Future<never> {
    return Future.failed(new ContainerizerError('COMMAND_NOT_EXECUTABLE', `'${path}' cannot be executed`));
  }

  function notFound(): Future<never> {
    return Future.failed(
      new ContainerizerError('COMMAND_NOT_FOUND', `There is no '${program}' in the container`),
    );
  }
}

function candidates(program: string, { environment, workingDirectory }: Command): string[] {
  if (program.startsWith('/')) return [program];
  if (program.includes('/')) return [`${workingDirectory}/${program}`];
  return (environment['PATH'] ?? '')
    .split(':')
    .map((directory) => `${directory || workingDirectory}/${program}`);
}

/** A path that leads through a file or in circles is one where nothing is. */
function look(files: Files, rootfs: string, path: string): Future<InRootPath | undefined> {
  return resolveInRoot(files, rootfs, path)
    .then((found): InRootPath | undefined => found)
    .repair(() => undefined);
}
