import { properties } from '../properties/index.js';
import { runProperty } from '../run-properties.js';

/** `node start.mjs check RUNS [SEED] [NAME PREFIX]`: every property on inputs of one seed, with its rate. */
const [runs = '200', seed = '1', prefix = ''] = process.argv.slice(2);
for (const property of properties.filter(({ name }) => name.startsWith(prefix))) {
  const outcome = runProperty(property, { runs: Number(runs), seed: Number(seed) });
  const rate = Math.round((outcome.runs * 1000) / outcome.elapsedMs);
  console.log(`${outcome.broken ? 'BROKEN' : 'holds '} ${outcome.runs} runs, ${rate}/s  ${outcome.name}`);
  if (outcome.broken) console.log(JSON.stringify(outcome.broken, undefined, 1));
}
