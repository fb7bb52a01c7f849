import type { GuidedChoice } from './guided-dispatcher.js';

/** Two events whose order decides whether the run fails. */
export interface RacingPair {
  /** Its place in the decision vector. */
  readonly position: number;
  readonly step: number;
  /** What ran. */
  readonly first: string;
  /** What was ready longer, and ran later. */
  readonly second: string;
  /** Whether the run passes when, at this one choice, the longer waiting event goes first. */
  readonly decisive: boolean;
}

/**
 * The earliest choice that was not first-in-first-out and without which the run passes; where no single one
 * decides, the last of them. Nothing where the run fails in first-in-first-out order anyway: that is no race.
 *
 * @param fails  runs the scenario with a decision vector
 */
export function racingPair(
  choices: readonly GuidedChoice[],
  fails: (vector: readonly number[]) => boolean,
): RacingPair | undefined {
  const vector = choices.map(({ index }) => index);
  const exceptions = choices.filter(({ index }) => index !== 0);
  const decisive = exceptions.find(({ position }) => !fails(vector.with(position, 0)));
  const shown = decisive ?? exceptions.at(-1);
  if (shown === undefined) return undefined;
  const { position, step, chosen: first, oldest: second } = shown;
  return { position, step, first, second, decisive: decisive !== undefined };
}
