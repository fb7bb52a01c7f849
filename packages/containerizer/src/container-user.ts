import { ContainerizerError } from './containerizer-error.js';

/** Who a container's first process is, as numbers. */
export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups, `gid` not among them. */
  readonly additionalGids: readonly number[];
}

export interface ResolvedUser extends ContainerUser {
  /** From the passwd file, `/` when it does not say. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/**
 * Kernel ids go to 2³² − 2, but −1 and everything above 2³¹ is trouble in other people's tools (as in
 * moby/user).
 */
const largestId = 2 ** 31 - 1;

/**
 * Finds the numbers behind `name`, `uid`, `name:group` or `uid:gid` in an image's own passwd and group
 * files. The host's users are never asked. A name in the file wins over a number; a number need not be in
 * the file, a name must. With a group given, no supplementary groups are taken, as docker does.
 *
 * @param passwd  text of the image's /etc/passwd, empty when it has none; malformed lines are skipped
 * @throws ContainerizerError USER_UNKNOWN  the name is not there, or the number is out of bounds
 */
export function resolveUser(wanted: string | undefined, passwd: string, group: string): ResolvedUser {
  const [userText = '', groupText] = splitOnce(wanted ?? '');
  const users = parsePasswd(passwd);
  const groups = parseGroup(group);

  const entry = userText === '' ? users.find(({ uid }) => uid === 0) : findUser(users, userText);
  const uid = entry?.uid ?? (userText === '' ? 0 : parseId(userText));
  if (uid === undefined) throw unknown('user', userText, 'passwd');

  const home = entry?.home || '/';
  if (groupText !== undefined && groupText !== '') {
    const gid = groups.find(({ name }) => name === groupText)?.gid ?? parseId(groupText);
    if (gid === undefined) throw unknown('group', groupText, 'group');
    return { uid, gid, additionalGids: [], home };
  }

  const gid = entry?.gid ?? 0;
  const memberOf = entry
    ? groups.filter(({ members }) => members.includes(entry.name)).map((each) => each.gid)
    : [];
  return { uid, gid, additionalGids: [...new Set(memberOf)].filter((id) => id !== gid), home };
}

function findUser(users: readonly PasswdEntry[], text: string): PasswdEntry | undefined {
  const id = parseId(text);
  return users.find(({ name }) => name === text) ?? users.find(({ uid }) => uid === id);
}

function parsePasswd(text: string): PasswdEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , uidText, gidText, , home = ''] = line.split(':');
    const uid = parseId(uidText);
    const gid = parseId(gidText);
    return name && uid !== undefined && gid !== undefined ? [{ name, uid, gid, home }] : [];
  });
}

function parseGroup(text: string): GroupEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, , gidText, members = ''] = line.split(':');
    const gid = parseId(gidText);
    return name && gid !== undefined ? [{ name, gid, members: members.split(',').filter(Boolean) }] : [];
  });
}

function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= largestId ? id : undefined;
}

function splitOnce(text: string): [string, string?] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
}

function unknown(kind: string, name: string, file: string): ContainerizerError {
  return new ContainerizerError('USER_UNKNOWN', `The ${kind} '${name}' is not in the image's /etc/${file}`);
}
