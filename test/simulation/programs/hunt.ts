import { properties } from '../properties/index.js';
import { runProperty } from '../run-properties.js';

/**
 * `node hunt.js KILLER BUDGET_MS SEED`: looks for a fault with every law, those whose name begins with KILLER first, in
 * rounds that get longer, until one breaks or the time is over. The last line is the verdict as JSON.
 */
const [killer = '', budget = '60000', seed = '1'] = process.argv.slice(2);
const endMs = performance.now() + Number(budget);
const ordered = [...properties].toSorted((one, other) => rank(one.name) - rank(other.name));
const looksForNothing = killer === 'none';

console.log(JSON.stringify(hunt()));

function rank(name: string): number {
  return name.startsWith(killer) ? 0 : 1;
}

function hunt(): { killedBy?: string; runs: number; why?: string } {
  let runs = 0;
  for (let round = 0; round < (looksForNothing ? 2 : 12); round += 1) {
    for (const property of ordered) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) return { runs };
      // Those expected to find it get more of every round.
      const wanted = (rank(property.name) === 0 ? 60 : 12) * (1 + round);
      const limit = property.runs === 1 ? 1 : looksForNothing ? 60 : wanted;
      const outcome = runProperty(property, { runs: limit, seed: Number(seed) + round, shrink: false, withinMs: leftMs });
      runs += outcome.runs;
      if (outcome.broken) return { killedBy: property.name, runs, why: outcome.broken.why };
    }
  }
  return { runs };
}
