import { matches } from './exclusion.js';
import type { Protections } from './plan.js';
import type { StoredImage } from './stored-image.js';

/** The later of when it was pulled and when it was last used; ISO 8601 UTC. */
export function lastUseOf({ pulledAt, lastUsedAt = '' }: Pick<StoredImage, 'pulledAt' | 'lastUsedAt'>): string {
  return lastUsedAt > pulledAt ? lastUsedAt : pulledAt;
}

/** What a sentence of a prune's report is counted as. */
export type KeepKind = (typeof keepKinds)[number];

export const keepKinds = [
  'in_use',
  'leased',
  'pinned',
  'excluded',
  'min_age',
  'not_needed',
  'child',
  'changed',
] as const;

const kinds: readonly (readonly [RegExp, KeepKind])[] = [
  [/^(used by |a container stands on it$)/, 'in_use'],
  [/^(in use by |a pull needs it$)/, 'leased'],
  [/^pinned$/, 'pinned'],
  [/^excluded as /, 'excluded'],
  [/within the minimum age$/, 'min_age'],
  [/^(enough is free without it|removing it would free nothing)/, 'not_needed'],
  [/^layer of /, 'child'],
];

/** The kind of a reason to stay; `changed` is what was used or pulled again since it was chosen. Pure. */
export function keepKindOf(why: string): KeepKind {
  return kinds.find(([pattern]) => pattern.test(why))?.[1] ?? 'changed';
}

/**
 * Why no prune may take the name of an image; `undefined` if nothing speaks for it. The strongest reason is
 * told: somebody uses it, then the user's exclusion, then the pin. Pure.
 */
export function reasonToKeep(
  image: StoredImage,
  { references, exclusions }: Pick<Protections, 'references' | 'exclusions'>,
): string | undefined {
  const used = references.get(image.reference);
  if (used !== undefined) return used;
  const exclusion = exclusions.find((each) => matches(each, image));
  if (exclusion) return `excluded as ${exclusion.typed}`;
  return image.pinned ? 'pinned' : undefined;
}
