import type { ActorEntry } from '../../records/actor-table.js';
import { formatState } from '../format.js';
import type { Scene } from '../scene.js';

/** One line of the tree. */
export interface TreeRow {
  readonly entry: ActorEntry;
  readonly level: number;
  readonly children: number;
}

/**
 * The actors of a scene as lines, parents before their children. With a query only those it fits, and who is above
 * them. A closed actor hides what is below it.
 */
export function treeRows({ table, query }: Scene, closed: ReadonlySet<string>): readonly TreeRow[] {
  const parentOf = ({ id, parent }: ActorEntry): string =>
    parent === undefined || parent === id || !table.actors.has(parent) ? '' : parent;
  const children = grouped(table.actors.values(), parentOf);
  const roots = children.get('') ?? [];
  const rows: TreeRow[] = [];
  const visited = new Set<string>();
  const walk = (entry: ActorEntry, level: number): boolean => {
    if (visited.has(entry.id)) return false;
    visited.add(entry.id);
    const below = children.get(entry.id) ?? [];
    const at = rows.length;
    rows.push({ entry, level, children: below.length });
    let found = fits(entry, query);
    if (!closed.has(entry.id) || query !== '') for (const child of below) found = walk(child, level + 1) || found;
    if (!found) rows.length = at;
    return found;
  };
  for (const root of roots) walk(root, 0);
  return rows;
}

/** What belongs together by what `keyOf` says, in order. */
export function grouped<T>(values: Iterable<T>, keyOf: (value: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

/** Whether an actor is one of those that are searched for. */
export function fits(entry: ActorEntry, query: string): boolean {
  if (query === '') return true;
  const { id, name, machine, state } = entry;
  return `${id} ${name} ${machine} ${formatState(state)}`.toLowerCase().includes(query);
}
