import type { CrashPoint, Fault } from '../arbitraries.js';
import type { Exploration, ExploreOptions } from '../dispatchers/explore.js';
import { explore } from '../dispatchers/explore.js';
import type { TurnFootprint } from '../dispatchers/footprints.js';
import { Footprints } from '../dispatchers/footprints.js';
import type { Plan } from './plan.js';
import { defaultMaxSteps, runPlan } from './run-plan.js';
import type { Scenario } from './scenario.js';

export interface ExploreScenarioOptions<Input> extends Omit<ExploreOptions, 'independent'> {
  readonly input: Input;
  /**
   * Leaves out orders that only swap steps that touch nothing in common: see {@link Footprints}. Default: all
   * orders.
   */
  readonly reduce?: boolean | TurnFootprint;
  readonly maxSteps?: number;
  /** Cuts the power before this step of every run; vary it from outside to try every crash. */
  readonly crash?: CrashPoint;
  readonly faults?: readonly Fault[];
}

/**
 * What a search of all orders found; `restarts` is how often it began again since it had learned what steps
 * touch.
 */
export type ScenarioExploration = Exploration & { readonly restarts: number };

/**
 * Runs a scenario under every order there is, within the bounds. What a step touches is learned on the way;
 * whenever that grows, what was left out on the ground of less is not trusted, and the search begins again.
 */
export function exploreScenario<Input>(
  scenario: Scenario<Input>,
  options: ExploreScenarioOptions<Input>,
): ScenarioExploration {
  const { input, reduce = false, maxSteps = defaultMaxSteps, crash, faults, ...bounds } = options;
  if (reduce !== false && (crash ?? faults) !== undefined) {
    throw new RangeError('exploreScenario: where the n-th step or call matters none can be swapped; leave out reduce');
  }
  const plan: Plan<Input> = { order: [], input, ...(crash && { crash }), ...(faults && { faults }) };
  const footprints = new Footprints(typeof reduce === 'function' ? reduce : undefined);
  for (let restarts = 0; ; restarts += 1) {
    const { growth } = footprints;
    const exploration = explore(
      (walker) => {
        const watching = reduce !== false && { observers: [footprints] };
        const strategy = reduce === false ? walker : footprints.follow(walker);
        const { error } = runPlan(scenario, plan, { maxSteps, strategy, ...watching });
        if (error !== undefined) throw error;
      },
      { ...bounds, ...(reduce !== false && { independent: footprints.independent }) },
    );
    if (exploration.failure !== undefined || footprints.growth === growth) return { ...exploration, restarts };
  }
}
