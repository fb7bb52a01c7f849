import type { CrashPoint, Fault } from '../arbitraries.js';

/** Everything chance decides about one run of a scenario: the same plan gives the same run. */
export interface Plan<Input = unknown> {
  /** A decision vector: 0 is first in, first out, and so is everything past its end. */
  readonly order: readonly number[];
  /** Where the power goes, and what that does to the disk; left out: never. */
  readonly crash?: CrashPoint;
  /** Disk calls that fail. */
  readonly faults?: readonly Fault[];
  /** Of {@link SeededRandom}; default 1. */
  readonly seed?: number;
  /** What the scenario is asked to do, as plain data; for example a list of commands. */
  readonly input: Input;
}

/** The plan with its order shortened: FIFO choices at the end say nothing. */
export function tidyPlan<Input>(plan: Plan<Input>): Plan<Input> {
  return { ...plan, order: withoutTrailingZeros(plan.order) };
}

/** A decision vector without the FIFO choices at its end. */
export function withoutTrailingZeros(vector: readonly number[]): number[] {
  const end = vector.findLastIndex((choice) => choice !== 0);
  return vector.slice(0, end + 1);
}
