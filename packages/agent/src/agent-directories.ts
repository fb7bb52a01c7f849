import type { Files } from '@keelson/os/ports';
import { FileError } from '@keelson/os/ports';
import { Future } from '@keelson/process';
import { AgentError } from './agent-error.js';

/** Only the owner may look into a store: it holds setuid programs of images nobody vouches for. */
const mode = 0o700;

/**
 * Makes `root` and what else must be there before the store can be locked, outermost first.
 *
 * @returns the root with every link resolved, as it will appear in the mount table
 * @throws AgentError ROOT_UNUSABLE  naming the directory
 */
export function makeDirectories(
  files: Files,
  root: string,
  below: (root: string) => readonly string[],
): Future<string> {
  return make(files, root)
    .then(() => files.realPath(root))
    .then((realRoot) =>
      below(realRoot)
        .reduce<Future<void>>((before, path) => before.then(() => make(files, path)), Future.ready(undefined))
        .then(() => realRoot),
    );
}

function make(files: Files, path: string): Future<void> {
  return files.makeDirectory(path, { mode }).repair((failed) => {
    const cause = failed.failure();
    const why = cause instanceof FileError ? cause.message : String(cause);
    throw new AgentError('ROOT_UNUSABLE', `cannot make the directory ${path}: ${why}`, { cause });
  });
}
