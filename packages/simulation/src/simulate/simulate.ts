import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dispatcher } from '@keelson/process';
import * as fc from 'fast-check';
import type { CrashPoint, Fault } from '../arbitraries.js';
import { runOrder } from '../arbitraries.js';
import { diagnose } from './diagnosis.js';
import { saveFailure } from './failure-file.js';
import type { Plan } from './plan.js';
import { defaultMaxSteps, runPlan } from './run-plan.js';
import type { Scenario } from './scenario.js';
import { SimulationError } from './simulation-error.js';

/** How a scenario is searched. All defaults together: 1,000 random orders, no crash, no faults. */
export interface SimulateOptions<Input> {
  /** What the scenario is asked to do; plain data, so that it can be saved. */
  readonly input?: fc.Arbitrary<Input>;
  readonly order?: fc.Arbitrary<number[]>;
  readonly crash?: fc.Arbitrary<CrashPoint>;
  readonly faults?: fc.Arbitrary<Fault[]>;
  /** Chooses by a seed instead of `order`, for example `(seed) => new PriorityWalk(seed)`. */
  readonly strategy?: (seed: number) => Dispatcher;
  readonly runs?: number;
  /** Both from an earlier report: the search begins where it failed. */
  readonly seed?: number;
  readonly path?: string;
  readonly maxSteps?: number;
  /** Where failures are saved; `false` saves none. Default `test/.failures`. */
  readonly failures?: string | false;
  /** The scenario lives in a test file, so a test runner must replay it. */
  readonly isTest?: boolean;
}

/** A search that found nothing. */
export interface SimulationReport {
  readonly runs: number;
  readonly steps: number;
}

/**
 * Runs a scenario under many orders, and whatever else is to be varied, until one fails or all pass.
 *
 * @throws SimulationError    one failed. Its message tells the simplest such run, the events that race, and
 * the trace; the
 *                            file it names runs again with `npx keelson-simulate replay`
 * @example simulate(twoReaders, { runs: 10_000 });
 */
export function simulate<Input = undefined>(
  scenario: Scenario<Input>,
  options: SimulateOptions<Input> = {},
): SimulationReport {
  const { maxSteps = defaultMaxSteps, strategy, runs = 1_000, seed, path } = options;
  let steps = 0;
  const property = fc.property(plans(options), ({ plan, strategySeed }) => {
    const chosen = strategy === undefined ? {} : { strategy: strategy(strategySeed) };
    const result = runPlan(scenario, plan, { maxSteps, ...chosen });
    steps += result.steps;
    if (result.error) throw result.error;
  });
  const found = fc.check(property, {
    numRuns: runs,
    ...(seed !== undefined && { seed }),
    ...(path !== undefined && { path }),
    ...(path !== undefined && { endOnFailure: true }),
  });
  if (!found.failed) return { runs: found.numRuns, steps };
  const [failing] = found.counterexample ?? [];
  if (failing === undefined) throw new Error(`simulate: the search of '${scenario.name}' was interrupted`);
  const plan = planOf(scenario, failing, options);
  const { numRuns, seed: usedSeed, counterexamplePath } = found;
  return fail(scenario, plan, { ...options, maxSteps }, { runs: numRuns, seed: usedSeed, path: counterexamplePath });
}

/**
 * Runs a plan once, and reports its failure as {@link simulate} does. For plans that are known, as in
 * regression tests.
 */
export function simulatePlan<Input>(
  scenario: Scenario<Input>,
  plan: Plan<Input>,
  options: Pick<SimulateOptions<Input>, 'maxSteps' | 'failures'> = {},
): SimulationReport {
  const { maxSteps = defaultMaxSteps } = options;
  const { error, steps } = runPlan(scenario, plan, { maxSteps });
  return error === undefined ? { runs: 1, steps } : fail(scenario, plan, { ...options, maxSteps }, {});
}

interface Drawn<Input> {
  readonly plan: Plan<Input>;
  readonly strategySeed: number;
}

function plans<Input>(options: SimulateOptions<Input>): fc.Arbitrary<Drawn<Input>> {
  const { input = fc.constant(undefined as Input), strategy, crash, faults } = options;
  const order = strategy === undefined ? (options.order ?? runOrder()) : fc.constant<number[]>([]);
  const plan = fc.record({
    order,
    input,
    ...(crash !== undefined && { crash }),
    ...(faults !== undefined && { faults }),
  }) as fc.Arbitrary<Plan<Input>>;
  return fc.record({ plan, strategySeed: strategy === undefined ? fc.constant(0) : fc.noShrink(fc.integer()) });
}

/** What a strategy chose, as a plan that needs no strategy. */
function planOf<Input>(scenario: Scenario<Input>, drawn: Drawn<Input>, options: SimulateOptions<Input>): Plan<Input> {
  const { strategy, maxSteps = defaultMaxSteps } = options;
  if (strategy === undefined) return drawn.plan;
  const chosen = strategy(drawn.strategySeed);
  const { choices } = runPlan(scenario, drawn.plan, { strategy: chosen, maxSteps, recording: true });
  return { ...drawn.plan, order: choices.map(({ index }) => index) };
}

function fail<Input>(
  scenario: Scenario<Input>,
  plan: Plan<Input>,
  options: Pick<SimulateOptions<Input>, 'failures' | 'isTest'> & { readonly maxSteps: number },
  found: { readonly runs?: number; readonly seed?: number; readonly path?: string | null },
): never {
  const { maxSteps, failures = 'test/.failures' } = options;
  const diagnosis = diagnose(scenario, plan, { maxSteps });
  if (diagnosis === undefined) {
    throw new Error(`scenario '${scenario.name}' failed and then passed with the same plan: something else decides it`);
  }
  const { runs, seed, path } = found;
  const origin = {
    scenario: scenario.name,
    ...(runs !== undefined && { runs }),
    ...(seed !== undefined && { seed }),
    ...(path !== undefined && path !== null && { path }),
    ...(options.isTest && { testFile: relative(process.cwd(), fileURLToPath(scenario.module)) }),
  };
  if (failures === false) throw new SimulationError(diagnosis, origin);
  const file = saveFailure(failures, scenario, diagnosis, { maxSteps, origin });
  throw new SimulationError(diagnosis, { ...origin, file });
}
