import { formatReference, parseReference } from '@keelson/image';

/**
 * The canonical name of an image that was loaded from a file or a folder.
 *
 * A recorded name with a registry or a repository path is kept; anything else is only a tag and is put below
 * `localhost/`, where nothing is ever fetched from.
 *
 * @param recorded  a repository tag, or the annotation `org.opencontainers.image.ref.name`
 * @param baseName  of the file or folder
 */
export function loadedName(recorded: string | undefined, baseName: string): string {
  if (recorded !== undefined && isFullReference(recorded)) return formatReference(parseReference(recorded));
  const tag =
    recorded !== undefined && /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/.test(recorded) ? recorded : 'latest';
  return formatReference(parseReference(`localhost/${sanitised(baseName)}:${tag}`));
}

function isFullReference(text: string): boolean {
  if (!text.includes('/')) return false;
  try {
    parseReference(text);
    return true;
  } catch {
    return false;
  }
}

/** A folder's name as a repository: lower case, runs of other characters as one dash, no file ending. */
function sanitised(baseName: string): string {
  const bare = baseName.toLowerCase().replace(/\.(tar|tgz|tar\.gz|tar\.zst|oci)$/, '');
  const name = bare
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 128)
    .replace(/-+$/, '');
  return name === '' ? 'image' : name;
}
