/** An inode number of the simulated disk. The root directory is 1. */
export type Inode = number;

/**
 * One file, directory or link. Values are replaced, never changed in place, so that states can share them.
 */
export type DiskNode =
  | { readonly kind: 'file'; readonly content: Uint8Array; readonly mode: number }
  | { readonly kind: 'directory'; readonly entries: ReadonlyMap<string, Inode>; readonly mode: number }
  | { readonly kind: 'symlink'; readonly target: string };

/**
 * One change of the disk, as small as the crash model can lose it.
 *
 * `rename` is one change: a crash keeps the old names or the new, never both and never neither.
 */
export type DiskChange =
  | { readonly kind: 'inode'; readonly inode: Inode; readonly node: DiskNode }
  /** The whole content; of an append, `from` is where it begins: what lies before was there. */
  | { readonly kind: 'write'; readonly inode: Inode; readonly content: Uint8Array; readonly from?: number }
  | { readonly kind: 'link'; readonly directory: Inode; readonly name: string; readonly inode: Inode }
  | { readonly kind: 'unlink'; readonly directory: Inode; readonly name: string }
  | {
      readonly kind: 'rename';
      readonly from: Inode;
      readonly fromName: string;
      readonly to: Inode;
      readonly toName: string;
      readonly inode: Inode;
    };

/** What is on a disk: every inode by number. */
export type DiskState = Map<Inode, DiskNode>;

export const rootInode: Inode = 1;

/** An empty disk: a root directory without entries. */
export function emptyDisk(): DiskState {
  return new Map([[rootInode, { kind: 'directory', entries: new Map(), mode: 0o755 }]]);
}

/**
 * Applies one change, in place. A change whose ground is missing (its directory or inode was lost in a crash)
 * does nothing: that is how losing an earlier change takes later ones with it.
 */
export function applyChange(state: DiskState, change: DiskChange): void {
  switch (change.kind) {
    case 'inode':
      state.set(change.inode, change.node);
      return;
    case 'write': {
      const node = state.get(change.inode);
      if (node?.kind === 'file') state.set(change.inode, { ...node, content: change.content });
      return;
    }
    case 'link':
      if (!state.has(change.inode)) return;
      editEntries(state, change.directory, (names) => names.set(change.name, change.inode));
      return;
    case 'unlink':
      editEntries(state, change.directory, (names) => names.delete(change.name));
      return;
    case 'rename':
      rename(state, change);
  }
}

/** A rename that was synced holds even where its source directory never reached the platter. */
export function applyDurableRename(state: DiskState, change: Extract<DiskChange, { kind: 'rename' }>): void {
  applyChange(state, { kind: 'unlink', directory: change.from, name: change.fromName });
  applyChange(state, { kind: 'link', directory: change.to, name: change.toName, inode: change.inode });
}

/** Drops every inode no name leads to, and answers how many there were. */
export function dropUnreachable(state: DiskState): number {
  const reached = new Set<Inode>();
  const pending: Inode[] = [rootInode];
  for (let inode = pending.pop(); inode !== undefined; inode = pending.pop()) {
    if (reached.has(inode)) continue;
    reached.add(inode);
    const node = state.get(inode);
    if (node?.kind === 'directory') pending.push(...node.entries.values());
  }
  const lost = [...state.keys()].filter((inode) => !reached.has(inode));
  for (const inode of lost) state.delete(inode);
  return lost.length;
}

function rename(state: DiskState, change: Extract<DiskChange, { kind: 'rename' }>): void {
  const source = state.get(change.from);
  const target = state.get(change.to);
  if (source?.kind !== 'directory' || target?.kind !== 'directory') return;
  if (source.entries.get(change.fromName) !== change.inode || !state.has(change.inode)) return;
  editEntries(state, change.from, (names) => names.delete(change.fromName));
  editEntries(state, change.to, (names) => names.set(change.toName, change.inode));
}

function editEntries(state: DiskState, directory: Inode, edit: (names: Map<string, Inode>) => void): void {
  const node = state.get(directory);
  if (node?.kind !== 'directory') return;
  const entries = new Map(node.entries);
  edit(entries);
  state.set(directory, { ...node, entries });
}
