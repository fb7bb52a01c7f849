import { withoutTrailingZeros } from './plan.js';

/**
 * Makes a failing decision vector simpler while it fails: choices that do not matter become
 * first-in-first-out, and those that do become as small and as late as they can, so that what is left passes
 * over the very event it races with. What any strategy found becomes readable so.
 *
 * @param fails   runs the scenario with a vector; it must be true for the first one
 * @param budget  how many runs may be spent; default 500
 */
export function minimise(
  vector: readonly number[],
  fails: (vector: readonly number[]) => boolean,
  budget = 500,
): number[] {
  let best = withoutTrailingZeros(vector);
  let left = budget;
  const accept = (candidate: readonly number[]): boolean => {
    if (left === 0) return false;
    left -= 1;
    if (!fails(candidate)) return false;
    best = withoutTrailingZeros(candidate);
    return true;
  };
  // Whole stretches first, halves of halves: most choices of a random walk do not matter.
  for (let length = best.length; length >= 1; length = Math.floor(length / 2)) {
    for (let end = best.length; end > 0; end -= length) {
      const start = Math.max(0, end - length);
      if (!best.slice(start, end).some((choice) => choice !== 0)) continue;
      accept(best.map((choice, index) => (index >= start && index < end ? 0 : choice)));
    }
  }
  if (exceptions(best) > 1) withOneException(best.length, accept);
  for (let index = 0; index < best.length; index += 1) {
    for (let smaller = 1; smaller < (best[index] ?? 0); smaller += 1) {
      if (accept(best.with(index, smaller))) break;
    }
    // One of those it passed over may go first: then it passes over one less at the next choice.
    const choice = best[index] ?? 0;
    if (choice > 1 && (best[index + 1] ?? 0) === 0) {
      accept([...best.slice(0, index), 0, choice - 1, ...best.slice(index + 2)]);
    }
  }
  return best;
}

/**
 * Taking choices away one by one can end where several are left that only matter together, although one elsewhere would
 * do. There are few vectors with a single exception; the latest that fails is the closest to what goes wrong.
 */
function withOneException(length: number, accept: (candidate: readonly number[]) => boolean): void {
  for (let index = 1; index <= 3; index += 1) {
    for (let position = length + 1; position >= 0; position -= 1) {
      if (accept([...Array.from({ length: position }, () => 0), index])) return;
    }
  }
}

function exceptions(vector: readonly number[]): number {
  return vector.filter((choice) => choice !== 0).length;
}
