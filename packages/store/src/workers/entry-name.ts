import { classifyName } from '@keelson/image';
import { recordOfBytes } from './byte-path.js';
import { UnpackError } from './unpack-error.js';

/** The folder and the last component of a name as the archive has it; both empty for the root. */
export function splitEntryName(name: string): { folder: string; name: string } {
  let end = endOfComponents(name);
  // A path may end in any number of `/.`, which add nothing.
  while (name[end - 1] === '.' && (end === 1 || name[end - 2] === '/')) end = endOfComponents(name, end - 1);
  const slash = end === 0 ? -1 : name.lastIndexOf('/', end - 1);
  const last = name.slice(slash + 1, end);
  if (last === '..') throw new UnpackError('PATH_ESCAPES', `${recordOfBytes(name)} climbs with ".."`);
  return { folder: slash < 0 ? '' : name.slice(0, slash), name: last };
}

/** Where `name`, up to `end`, ends without its slashes. */
function endOfComponents(name: string, end = name.length): number {
  while (end > 0 && name[end - 1] === '/') end--;
  return end;
}

/**
 * Whether an entry lies in a directory of aufs's book-keeping.
 *
 * @throws UnpackError INVALID_ENTRY  below a whiteout
 */
export function isAufsMetadata(folder: string): boolean {
  if (!folder.includes('.wh.')) return false;
  const kinds = folder.split('/').map((component) => classifyName(component).kind);
  if (kinds.includes('ignored')) return true;
  if (kinds.every((kind) => kind === 'plain')) return false;
  throw new UnpackError('INVALID_ENTRY', `an entry lies below the whiteout ${recordOfBytes(folder)}`);
}
