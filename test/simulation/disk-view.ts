import type { SimulatedDisk } from '@keelson/simulation';

/** What lies at an absolute path of a simulated disk, read at once: a look from outside that takes no step. */
export function nodeAt(disk: SimulatedDisk, path: string): Node | undefined {
  let node = disk.node(1);
  for (const name of namesOf(path)) {
    if (node?.kind !== 'directory') return undefined;
    const inode = node.entries.get(name);
    node = inode === undefined ? undefined : disk.node(inode);
  }
  return node;
}

const split = new Map<string, readonly string[]>();

/** The same few paths are looked at after every step, so what they are made of is remembered. */
function namesOf(path: string): readonly string[] {
  let names = split.get(path);
  if (names === undefined) {
    if (split.size > 10_000) split.clear();
    split.set(path, (names = path.split('/').filter((name) => name !== '')));
  }
  return names;
}

export type Node = NonNullable<ReturnType<SimulatedDisk['node']>>;

/** Names in a directory, none when it is missing. */
export function namesAt(disk: SimulatedDisk, path: string): string[] {
  const node = nodeAt(disk, path);
  return node?.kind === 'directory' ? [...node.entries.keys()] : [];
}

const texts = new WeakMap<Uint8Array, string>();

/** The regular files directly in a directory, with their content; `undefined` when it is missing. */
export function filesAt(disk: SimulatedDisk, path: string): Record<string, string> | undefined {
  const directory = nodeAt(disk, path);
  if (directory?.kind !== 'directory') return undefined;
  const found: Record<string, string> = {};
  for (const [name, inode] of directory.entries) {
    const node = disk.node(inode) as Node;
    if (node.kind === 'file') found[name] = textOf(node.content);
  }
  return found;
}

export function textOf(content: Uint8Array): string {
  let text = texts.get(content);
  if (text === undefined) texts.set(content, (text = new TextDecoder().decode(content)));
  return text;
}
