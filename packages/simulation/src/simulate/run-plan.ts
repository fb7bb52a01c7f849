import type { Dispatcher, Observer } from '@keelson/process';
import { DecisionVector } from '../dispatchers/decision-vector.js';
import { RunCut } from '../dispatchers/explore.js';
import type { GuidedChoice } from './guided-dispatcher.js';
import type { Plan } from './plan.js';
import type { Scenario } from './scenario.js';
import { InvariantError, SimulationContext } from './simulation-context.js';
import type { RecordedTrace } from './trace-recorder.js';

export interface RunOptions {
  /** Chooses instead of the plan's order. */
  readonly strategy?: Dispatcher;
  /** A run that takes more steps is a livelock; default 100,000. */
  readonly maxSteps?: number;
  readonly recording?: boolean;
  readonly observers?: readonly Observer[];
}

/** What became of one run. */
export interface RunResult {
  readonly error: Error | undefined;
  readonly steps: number;
  /** Empty unless the run was recorded. */
  readonly choices: readonly GuidedChoice[];
  readonly trace: readonly RecordedTrace[];
}

export const defaultMaxSteps = 100_000;

/** Runs a scenario once as the plan says. What it throws is answered, not thrown. */
export function runPlan<Input>(scenario: Scenario<Input>, plan: Plan<Input>, options: RunOptions = {}): RunResult {
  const { strategy = new DecisionVector(plan.order), maxSteps = defaultMaxSteps } = options;
  const { recording = false, observers = [] } = options;
  const context = new SimulationContext(plan, { strategy, maxSteps, recording, observers });
  const error = failureOf(() => {
    const answer: unknown = scenario.run(context);
    if (answer instanceof Promise) {
      answer.catch(() => undefined);
      throw new TypeError(`scenario '${scenario.name}' is asynchronous: drive it with settle(), without await`);
    }
    context.finish();
  });
  return { error, steps: context.guide.steps, choices: context.guide.choices, trace: context.recorder?.records ?? [] };
}

/** What kind of failure it is: simplifying a run must not slip from one into another. */
export function kindOf(error: Error): string {
  return error instanceof InvariantError ? `${error.name} ${error.invariant}` : error.name;
}

function failureOf(run: () => void): Error | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    // The search of `explore` ends runs it need not finish; that is not a failure of theirs.
    if (error instanceof RunCut) throw error;
    return error instanceof Error ? error : new Error(String(error));
  }
}
