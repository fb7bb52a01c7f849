/**
 * Finds the race of a price cache, and shows that its repair has none.
 *
 *     node docs/examples/simulation-race/main.mjs [FOLDER FOR FAILURES]
 */
import { exploreScenario, runPlan, simulate, SimulationError } from '@keelson/simulation';
import { fixed, racy } from './scenarios.mjs';

const failures = process.argv[2] ?? false;

// An ordinary test runs one order, the usual one, and passes.
const usual = runPlan(racy, { order: [], input: undefined });
console.log(`in the usual order: ${usual.error?.message ?? 'passes'}`);

try {
  simulate(racy, { runs: 1_000, seed: 1, failures });
} catch (error) {
  if (!(error instanceof SimulationError)) throw error;
  console.log(`\n${error.message}\n`);
}

const { runs } = simulate(fixed, { runs: 1_000, seed: 1, failures });
console.log(`'fixed cache' passes ${runs} orders drawn at random`);

// Steps that touch nothing in common are tried in one order only; the two requests touch no more than their trace shows.
const all = exploreScenario(fixed, { input: undefined, reduce: () => [] });
console.log(`and ${all.complete ? 'every order there is' : 'not all orders'}, in ${all.runs} runs`);
