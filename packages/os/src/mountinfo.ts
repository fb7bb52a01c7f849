import type { MountEntry } from './ports/mounts.js';

/** A line of mountinfo with the fields that only this package reads. */
export interface MountInfoEntry extends MountEntry {
  readonly parentId: number;
  /** `major:minor` of the device. */
  readonly device: string;
  /** Which folder of that file system is mounted. */
  readonly root: string;
  /** Options of the file system, beside those of this mount (`options`). */
  readonly superOptions: string;
}

/**
 * Reads `/proc/PID/mountinfo`, in mount order. A line that is no mount is left out: the format may grow.
 *
 * `36 35 98:0 /root /target rw,noatime shared:1 - ext3 /dev/root rw,errors=continue`, where any number of
 * tags stands before the hyphen. Source: proc_pid_mountinfo(5).
 */
export function parseMountInfo(text: string): MountInfoEntry[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** The mounts at `path` or below it. `path` is absolute and without links. */
export function mountsWithin<Entry extends MountEntry>(mounts: readonly Entry[], path: string): Entry[] {
  const below = path.endsWith('/') ? path : `${path}/`;
  return mounts.filter(({ target }) => target === path || target.startsWith(below));
}

function parseLine(line: string): MountInfoEntry | undefined {
  const fields = line.split(' ');
  const hyphen = fields.indexOf('-', 6);
  const [id, parentId, device, root, target, options] = fields;
  const [type, source, superOptions] = hyphen < 0 ? [] : fields.slice(hyphen + 1);
  if (!root || !target || !device || !type) return undefined;
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescape(root),
    target: unescape(target),
    options: options ?? '',
    type: unescape(type),
    source: unescape(source ?? ''),
    superOptions: superOptions ?? '',
  };
}

/**
 * The kernel writes space, tab, newline, `\` and `#` as three octal digits of a byte (seq_file.c `mangle`).
 */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(parseInt(digits, 8)),
  );
}
