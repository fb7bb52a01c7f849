import type { Process } from '@keelson/process';
import { defer, Future } from '@keelson/process';

/** Work that rests now and then: every `yield` is a place where others may have their turn. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Does all of it at once, for callers who have nobody to keep waiting. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/**
 * Does it in turns of `owner`, one for each piece between two rests: fifty thousand layers then hold up
 * neither the mailbox nor the event loop for longer than one piece takes. What throws fails the answer.
 */
export function inTurns<T>(owner: Process<unknown>, steps: Steps<T>): Future<T> {
  const { done, value } = steps.next();
  return done ? Future.ready(value) : defer(owner, () => inTurns(owner, steps))();
}

/** Small things (a look into a map, an entry of a list) that are done in one piece: about a millisecond of them. */
const thingsAtATime = 1_000;

/**
 * Tells a loop when to rest. It counts and looks at no clock, so that the same work always has the same turns.
 *
 * @example for (const layer of layers) { if (pace.tired()) yield; … }
 */
export class Pace {
  #left = thingsAtATime;

  /** @param things  what the coming round of the loop costs */
  tired(things = 1): boolean {
    this.#left -= things;
    if (this.#left > 0) return false;
    this.#left = thingsAtATime;
    return true;
  }
}

/** A sorted copy, merged bottom-up with rests; equal items keep their order. */
export function* sortedInSteps<T>(items: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const pace = new Pace();
  let runs: T[][] = [];
  for (let from = 0; from < items.length; from += chunk) {
    runs.push(items.slice(from, from + chunk).toSorted(compare));
    if (pace.tired(chunk)) yield;
  }
  while (runs.length > 1) {
    const merged: T[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const other = runs[at + 1];
      merged.push(other === undefined ? runs[at]! : yield* mergedRuns(runs[at]!, other, compare, pace));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

const chunk = 256;

function* mergedRuns<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
  pace: Pace,
): Steps<T[]> {
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length || r < right.length) {
    if (pace.tired()) yield;
    const takeLeft = r >= right.length || (l < left.length && compare(left[l]!, right[r]!) <= 0);
    merged.push(takeLeft ? left[l++]! : right[r++]!);
  }
  return merged;
}
