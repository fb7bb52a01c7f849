import { closeSync, constants, openSync } from 'node:fs';
import { fileError, toFileError } from './file-error.js';
import type { FileError } from './ports/files.js';
import type { OverlayMount } from './ports/mounts.js';
import { mount, mountByParameters } from './system-calls/mounting.js';
import { hasNative } from './system-calls/native.js';

/**
 * Mounts an overlay, whatever its paths are called and however many layers it has.
 *
 * One parameter for each layer (`lowerdir+`, Linux 6.8) knows no limit on their number; older kernels take
 * one string of at most a page. A path that is too long for a parameter (255 bytes), or holds a character
 * that separates options, is named `/proc/self/fd/N` by an open descriptor, which needs no escaping.
 *
 * @throws FileError with the errno name; E2BIG when an older kernel cannot take that many layers
 */
export function mountOverlayTree(overlay: OverlayMount): void {
  try {
    mountOverlayByParameters(overlay);
  } catch (error) {
    if (!['EINVAL', 'ENOSYS', 'EPERM'].includes((error as FileError).code)) throw error;
    try {
      mountOverlayByOptions(overlay);
    } catch (second) {
      // The newer interface says in words what it refuses.
      throw (second as FileError).code === (error as FileError).code ? error : second;
    }
  }
}

/**
 * With fsopen and `lowerdir+`.
 *
 * @throws FileError EINVAL before Linux 6.8, ENOSYS before 5.2
 */
export function mountOverlayByParameters({ lower, upper, work, target }: OverlayMount): void {
  withNames((names) => {
    mountByParameters(
      'overlay',
      [
        ['source', 'overlay'],
        ...lower.map((path) => ['lowerdir+', names.plain(path)] as const),
        ['upperdir', names.plain(upper)],
        ['workdir', names.plain(work)],
      ],
      target,
    );
  });
}

/** With mount(2): all options in one string. About 220 layers always fit. */
export function mountOverlayByOptions(overlay: OverlayMount): void {
  withNames((names) => {
    const readable = options(overlay, (path) => names.plain(path));
    const data = fits(readable) ? readable : options(overlay, (path) => names.short(path));
    if (!fits(data)) {
      const layers = `${overlay.lower.length} layers exceed a page of options (no limit from Linux 6.8 on)`;
      throw fileError('E2BIG', 'mount', overlay.target, layers);
    }
    mount({ source: 'overlay', target: overlay.target, type: 'overlay', data });
  });
}

function options({ lower, upper, work }: OverlayMount, name: (path: string) => string): string {
  return `lowerdir=${lower.map(name).join(':')},upperdir=${name(upper)},workdir=${name(work)}`;
}

function fits(data: string): boolean {
  return Buffer.byteLength(data) < 4096;
}

function withNames(use: (names: PathNames) => void): void {
  const names = new PathNames();
  try {
    use(names);
  } finally {
    names.close();
  }
}

/** Names for directories that the option parser of the kernel takes unharmed. */
class PathNames {
  readonly #descriptors: number[] = [];

  /** The path itself where that is safe. */
  plain(path: string): string {
    return /[,:\\]/.test(path) || Buffer.byteLength(path) > 255 ? this.short(path) : path;
  }

  short(path: string): string {
    try {
      const descriptor = openSync(path, O_PATH | constants.O_DIRECTORY);
      this.#descriptors.push(descriptor);
      // The command that mounts where there are no native calls is a process of its own.
      return `/proc/${hasNative() ? 'self' : process.pid}/fd/${descriptor}`;
    } catch (error) {
      throw toFileError(error, 'open', path);
    }
  }

  close(): void {
    for (const descriptor of this.#descriptors) closeSync(descriptor);
  }
}

const O_PATH = 0x20_0000;
