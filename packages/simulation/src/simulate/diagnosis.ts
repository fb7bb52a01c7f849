import type { GuidedChoice } from './guided-dispatcher.js';
import { minimise } from './minimise.js';
import type { Plan } from './plan.js';
import { withoutTrailingZeros } from './plan.js';
import type { RacingPair } from './racing-pair.js';
import { racingPair } from './racing-pair.js';
import type { RunOptions } from './run-plan.js';
import { kindOf, runPlan } from './run-plan.js';
import type { Scenario } from './scenario.js';
import type { RecordedTrace } from './trace-recorder.js';

/** All there is to say about a run that fails. */
export interface Diagnosis {
  /** As simple as it could be made. */
  readonly plan: Plan;
  readonly error: Error;
  /** Where the run was not first-in-first-out. */
  readonly choices: readonly GuidedChoice[];
  /** How many choices the run had in all. */
  readonly choiceCount: number;
  readonly race: RacingPair | undefined;
  readonly trace: readonly RecordedTrace[];
}

/**
 * Simplifies the order of a failing plan, runs it once more with everything recorded, and finds the pair that
 * races. Nothing when it does not fail again: then the scenario depends on something the plan does not
 * decide.
 */
export function diagnose<Input>(
  scenario: Scenario<Input>,
  plan: Plan<Input>,
  options: RunOptions = {},
): Diagnosis | undefined {
  const { maxSteps } = options;
  const bounds = maxSteps === undefined ? {} : { maxSteps };
  const { error: first } = runPlan(scenario, plan, bounds);
  if (first === undefined) return undefined;
  const fails = (order: readonly number[]): boolean => {
    const { error: found } = runPlan(scenario, { ...plan, order }, bounds);
    return found !== undefined && kindOf(found) === kindOf(first);
  };

  const order = minimise(plan.order, fails);
  const { error, choices, trace } = runPlan(scenario, { ...plan, order }, { ...bounds, recording: true });
  if (error === undefined) return undefined;
  return {
    // As chosen, not as drawn: a 7 among two items was a 1.
    plan: { ...plan, order: withoutTrailingZeros(choices.map(({ index }) => index)) },
    error,
    choices: choices.filter(({ index }) => index !== 0),
    choiceCount: choices.length,
    race: racingPair(choices, fails),
    trace,
  };
}
