import type { ReadyItem } from '@keelson/process';

/** Calls that look at one file or folder, or make it durable, and change no names. */
const looking = new Set(['read', 'lstat', 'readlink', 'realpath', 'statfs', 'scandir', 'fdatasync', 'fsync']);
/** Calls that change what a folder holds. */
const naming = new Set(['open', 'write', 'mkdir', 'unlink', 'rmdir', 'symlink', 'rename']);

/**
 * What steps of a simulated machine touch besides mailboxes and locks, as paths and names: for the `reduce` of
 * `exploreScenario`, and for {@link Footprints}.
 *
 * | step | touches |
 * |---|---|
 * | a call that looks at a file or folder, or makes it durable | that path |
 * | a call that makes, moves or removes a name, or writes | the folders of its names |
 * | a step of a job | the folders of all paths in its input, and the slots of the executor |
 * | `syncfs`, the network, anything else | everything |
 *
 * Two paths touch where one lies within the other.
 */
export function machineFootprint({ kind, label }: ReadyItem): readonly string[] | undefined {
  if (kind !== 'completion') return undefined;
  const [first = '', ...words] = label.split(' ');
  const paths = words.filter((word) => word.startsWith('/'));
  if (paths.length === 0) return undefined;
  if (looking.has(first)) return paths;
  if (naming.has(first)) return paths.map(folderOf);
  // Jobs have names with a dot: `store.unpack-layer`.
  return /^[a-z]+\.[a-z-]+$/.test(first) ? [...paths.map(folderOf), 'executor slots'] : undefined;
}

/** Whether two touched things meet: the same name, or paths of which one lies within the other. */
export function meet(one: string, other: string): boolean {
  if (one === other) return true;
  if (!one.startsWith('/') || !other.startsWith('/')) return false;
  return isWithin(one, other) || isWithin(other, one);
}

function isWithin(path: string, folder: string): boolean {
  return folder === '/' || path.startsWith(`${folder}/`);
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}
