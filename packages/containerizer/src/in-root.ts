import type { FileStatus } from '@keelson/os/ports';
import type { Future } from '@keelson/process';
import { ContainerizerError } from './containerizer-error.js';
import type { TreeReader } from './tree-reader.js';

/** A path of a container, every link in it followed as the container would: inside its root. */
export interface InRootPath {
  /** As the container sees it: absolute, no links, no `..`. */
  readonly path: string;
  /** The same place, as the host sees it. */
  readonly hostPath: string;
  /** Missing when nothing is there (yet). */
  readonly status?: FileStatus;
}

/** As the kernel's MAXSYMLINKS and PATH_MAX. */
const maxLinks = 40;
const maxPathLength = 4096;

/**
 * Resolves `path` in the root filesystem at `root`: absolute and climbing link targets stay inside it, as
 * they would after a chroot. What does not exist is taken for directories to be made.
 *
 * The answer is true for as long as nobody changes the tree: use it before the container runs.
 *
 * @throws ContainerizerError MOUNT_REFUSED  too many links, or a component that is no directory
 */
export function resolveInRoot(files: TreeReader, root: string, path: string): Future<InRootPath> {
  const base = root === '/' ? '' : root;
  if (path.length > maxPathLength) throw refused(`A path of ${path.length} characters is too long`);
  return walk([], path.split('/'), 0);

  function walk(done: readonly string[], ahead: readonly string[], links: number): Future<InRootPath> {
    const [name, ...rest] = ahead;
    if (name === undefined) return arrive(done);
    if (name === '' || name === '.') return walk(done, rest, links);
    if (name === '..') return walk(done.slice(0, -1), rest, links);

    const here = [...done, name];
    return files.status(hostPathOf(here)).then((status): InRootPath | Future<InRootPath> => {
      // Nothing there: its `..` leads back all the same, to where links may be again.
      if (!status) return walk(here, rest, links);
      if (status.kind === 'symlink') return follow(done, here, rest, links);
      if (status.kind === 'directory' || rest.every((each) => each === '' || each === '.'))
        return walk(here, rest, links);
      throw refused(`'${path}' cannot be reached: '/${here.join('/')}' is no directory`);
    });
  }

  function follow(
    done: readonly string[],
    link: readonly string[],
    rest: readonly string[],
    links: number,
  ) {
    if (links >= maxLinks) throw refused(`'${path}' goes through more than ${maxLinks} symbolic links`);
    return files.readSymlink(hostPathOf(link)).then((target) => {
      return walk(target.startsWith('/') ? [] : done, [...target.split('/'), ...rest], links + 1);
    });
  }

  function arrive(done: readonly string[]): Future<InRootPath> {
    const hostPath = hostPathOf(done);
    return files
      .status(hostPath)
      .then((status) => ({ path: `/${done.join('/')}`, hostPath, ...(status && { status }) }));
  }

  function hostPathOf(names: readonly string[]): string {
    return names.length === 0 ? base || '/' : `${base}/${names.join('/')}`;
  }
}

/**
 * Reads a small regular file of a container; empty when it is missing.
 *
 * @throws ContainerizerError IMAGE_UNSAFE  it is something else, or larger than `maxBytes`
 */
export function readInRoot(files: TreeReader, root: string, path: string, maxBytes: number): Future<string> {
  return resolveInRoot(files, root, path).then((found): string | Future<string> => {
    if (!found.status) return '';
    if (found.status.kind !== 'file' || found.status.sizeBytes > maxBytes) {
      throw new ContainerizerError(
        'IMAGE_UNSAFE',
        `The image's ${path} is no regular file of at most ${maxBytes} bytes`,
      );
    }
    return files.read(found.hostPath, { maxBytes }).then((bytes) => new TextDecoder().decode(bytes));
  });
}

/** Whether `path` is `directory` or something in it. Both are absolute and resolved. */
export function isAtOrBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}

function refused(message: string): ContainerizerError {
  return new ContainerizerError('MOUNT_REFUSED', message);
}
