/**
 * How many runs a second the search makes on this machine, with the program of the tutorial.
 *
 *     node docs/examples/simulation-race/rate.mjs [RUNS]
 */
import { runOrder, simulate } from '@keelson/simulation';
import { fixed } from './scenarios.mjs';

const runs = Number(process.argv[2] ?? 20_000);
const options = { order: runOrder({ maxChoices: 30 }), failures: false };
simulate(fixed, { ...options, runs: 2_000 });

const before = process.cpuUsage();
const startMs = performance.now();
const { steps } = simulate(fixed, { ...options, runs });
const seconds = (performance.now() - startMs) / 1_000;
const { user, system } = process.cpuUsage(before);
const cpuSeconds = (user + system) / 1_000_000;

console.log(`${runs} runs of ${Math.round(steps / runs)} steps in ${seconds.toFixed(1)} s: ${Math.round(runs / seconds)} a second`);
console.log(`${Math.round(runs / cpuSeconds)} for each second of processor time`);
