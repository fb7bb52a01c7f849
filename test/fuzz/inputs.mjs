import { Random } from './random.mjs';
import { archives } from './targets/archives.mjs';
import { challenges } from './targets/challenges.mjs';
import { documents } from './targets/documents.mjs';
import { references } from './targets/references.mjs';

/** What is fuzzed, by the names that the command takes. */
export const targets = { archives, documents, references, challenges };

/** Input number `index` of a target: the same for the same seed, in whatever order and process inputs are made. */
export function inputOf(target, seed, index) {
  if (index < target.seeds.length) return target.seeds[index];
  const random = new Random(seed, target.name, index);
  return target.mutate(random, random.pick(target.seeds));
}

/**
 * Looks at one input in every way its target has.
 *
 * @param extraction  of a target that unpacks, for the inputs that are to be unpacked
 * @throws Finding
 */
export async function examine(target, bytes, extraction) {
  // A copy, since a target may give the bytes properties of its own.
  const outcome = target.check(Buffer.from(bytes));
  return extraction === undefined ? outcome : extraction.check(bytes);
}
