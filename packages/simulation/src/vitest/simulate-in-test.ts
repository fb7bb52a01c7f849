import { pathToFileURL } from 'node:url';
import { readFailure } from '../simulate/failure-file.js';
import type { Plan } from '../simulate/plan.js';
import type { SimulateOptions } from '../simulate/simulate.js';
import { simulate, simulatePlan } from '../simulate/simulate.js';
import { replayVariable } from '../simulate/simulation-error.js';
import type { SimulationContext } from '../simulate/simulation-context.js';

/** A scenario that lives in a test file. */
export interface TestScenario<Input> {
  readonly name: string;
  /** Of the test file. */
  readonly path: string;
  readonly run: (context: SimulationContext<Input>) => void;
}

/** Searches, or runs the saved failure that the environment names if it is of this scenario. */
export function simulateInTest<Input>(test: TestScenario<Input>, options: SimulateOptions<Input>): void {
  const { name, path, run } = test;
  const scenario = { name, module: pathToFileURL(path).href, run };
  const replayed = process.env[replayVariable];
  if (replayed === undefined) {
    simulate(scenario, { ...options, isTest: true });
    return;
  }
  const file = readFailure(replayed);
  if (file.scenario.name !== name) return;
  simulatePlan(scenario, file.plan as Plan<Input>, { maxSteps: file.maxSteps, failures: false });
}
