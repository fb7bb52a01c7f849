import { Future } from '@keelson/process';
import { ContainerizerError } from './containerizer-error.js';
import type { InRootPath } from './in-root.js';
import { isAtOrBelow, resolveInRoot } from './in-root.js';
import type { LaunchRequest } from './launcher.js';
import type { TreeReader } from './tree-reader.js';

type Command = Pick<LaunchRequest, 'rootfs' | 'argv' | 'environment' | 'workingDirectory' | 'mounts'>;

/** Larger files are taken for programs without a look: scripts are small. */
const maxScriptBytes = 64 << 10;

/**
 * Looks for the program as execvp and the kernel would, so that one that cannot be started is told before
 * anything is, and in the same words whatever the launcher: OCI runtimes end with a plain 1 for some of it.
 * What a mount brings in cannot be looked at, so that is left to the launcher.
 *
 * @throws ContainerizerError COMMAND_NOT_FOUND       it, or the interpreter its first line names, is missing
 * @throws ContainerizerError COMMAND_NOT_EXECUTABLE  no file, no right to execute it, or no format known
 */
export function requireExecutable(files: TreeReader, command: Command): Future<void> {
  const program = command.argv[0] ?? '';
  return search(candidates(program, command), undefined);

  function search([path, ...rest]: readonly string[], denied: string | undefined): Future<void> {
    if (path === undefined) return denied === undefined ? missing(program) : notExecutable(denied);
    return look(files, command.rootfs, path).then((found): void | Future<void> => {
      if (found && isMounted(found.path, command)) return undefined;
      if (!found?.status) return search(rest, denied);
      return isExecutable(found) ? requireFormat(found) : search(rest, denied ?? path);
    });
  }

  function requireFormat({ hostPath, path, status }: InRootPath): void | Future<void> {
    if (status && status.sizeBytes > maxScriptBytes) return undefined;
    return files.read(hostPath, { maxBytes: maxScriptBytes }).then((bytes): void | Future<void> => {
      // One character for each byte: paths are bytes, and the ones we look for are ASCII.
      const head = Buffer.from(bytes.subarray(0, 256)).toString('latin1');
      if (head.startsWith('\x7fELF')) return undefined;
      const interpreter = /^#![ \t]*([^ \t\n]+)/.exec(head)?.[1];
      return interpreter === undefined ? notExecutable(path) : requireInterpreter(interpreter);
    });
  }

  function requireInterpreter(interpreter: string): Future<void> {
    return look(files, command.rootfs, interpreter).then((found): void | Future<void> => {
      if (found && isMounted(found.path, command)) return undefined;
      if (!found?.status) return missing(interpreter);
      return isExecutable(found) ? undefined : notExecutable(interpreter);
    });
  }
}

function candidates(program: string, { environment, workingDirectory }: Command): string[] {
  if (program.startsWith('/')) return [program];
  if (program.includes('/')) return [`${workingDirectory}/${program}`];
  return (environment['PATH'] ?? '')
    .split(':')
    .map((directory) => (directory.startsWith('/') ? directory : `${workingDirectory}/${directory}`))
    .map((directory) => `${directory}/${program}`);
}

/** A path that leads through a file or in circles is one where nothing is. */
function look(files: TreeReader, rootfs: string, path: string): Future<InRootPath | undefined> {
  return resolveInRoot(files, rootfs, path)
    .then((found): InRootPath | undefined => found)
    .repair(() => undefined);
}

function isMounted(path: string, { mounts }: Command): boolean {
  return mounts.some(({ target }) => isAtOrBelow(path, target));
}

function isExecutable({ status }: InRootPath): boolean {
  return status?.kind === 'file' && (status.mode & 0o111) !== 0;
}

function missing(path: string): Future<never> {
  return Future.failed(
    new ContainerizerError('COMMAND_NOT_FOUND', `There is no '${path}' in the container`),
  );
}

function notExecutable(path: string): Future<never> {
  return Future.failed(new ContainerizerError('COMMAND_NOT_EXECUTABLE', `'${path}' cannot be executed`));
}
