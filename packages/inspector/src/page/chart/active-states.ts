import type { StateValue } from '../../records/plain.js';

/** Ids of every state that a value is in, the outer ones too. */
export function activeStates(value: StateValue): ReadonlySet<string> {
  const active = new Set<string>(['']);
  walk(value, '', active);
  return active;
}

/** Ids of the innermost states of a value. */
export function leafStates(value: StateValue): readonly string[] {
  const all = [...activeStates(value)];
  return all.filter((id) => id !== '' && !all.some((other) => other.startsWith(`${id}.`)));
}

function walk(value: StateValue, path: string, active: Set<string>): void {
  const join = (name: string): string => (path === '' ? name : `${path}.${name}`);
  if (typeof value === 'string') {
    if (value !== '') active.add(join(value));
    return;
  }
  for (const [name, inner] of Object.entries(value)) {
    active.add(join(name));
    walk(inner, join(name), active);
  }
}
