import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { traceOf } from '../determinism.js';
import { searchLock } from '../exhaustive-lock.js';
import { searchWorld } from '../exhaustive-world.js';
import { properties } from '../properties/index.js';
import type { Outcome } from '../run-properties.js';
import { runProperty } from '../run-properties.js';

/**
 * `soak --minutes N` goes on with new seeds for that long; `soak --scenarios N` until that many ran, after the full
 * exhaustive searches and 1,000 repetitions of one seed. What breaks is shrunk and saved in `test/simulation/found/`.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    scenarios: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    name: { type: 'string', default: '' },
  },
});

const startedAtMs = performance.now();
const endMs = values.minutes === undefined ? Number.POSITIVE_INFINITY : startedAtMs + Number(values.minutes) * 60_000;
const most = values.scenarios === undefined ? Number.POSITIVE_INFINITY : Number(values.scenarios);
if (endMs === Number.POSITIVE_INFINITY && most === Number.POSITIVE_INFINITY) throw new Error('--minutes N or --scenarios N');
const chosen = properties.filter(({ name }) => name.startsWith(values.name));
let scenarios = 0;
let broken = 0;

if (values.scenarios !== undefined) {
  const lock = searchLock(4, 0);
  console.log(`lock: ${lock.interleavings} interleavings of 4 processes with 3 operations each, all of them`);
  const world = searchWorld(10, 20_000, 2);
  console.log(`store: ${world.interleavings} orders of the first 10 choices, ${world.crashes} crashes, all: ${world.complete}`);
  const traces = new Set(Array.from({ length: 1_000 }, () => traceOf(7)));
  console.log(`replay: the same seed gave ${traces.size} trace in 1000 runs`);
  if (traces.size > 1) broken += 1;
}

for (let round = 0; scenarios < most && performance.now() < endMs; round += 1) {
  for (const property of chosen) {
    const runs = Math.min(property.runs === 1 ? 1 : 200, most - scenarios);
    if (runs <= 0 || performance.now() >= endMs) break;
    const outcome = runProperty(property, { runs, seed: (Number(values.seed) + round) | 0 });
    scenarios += outcome.runs;
    if (outcome.broken) save(outcome);
    // All of that was one turn of the event loop; what waited for its end goes now.
    await new Promise(setImmediate);
  }
  if (round % 5 === 0) report();
}
report();
process.exitCode = broken > 0 ? 1 : 0;

function report(): void {
  const seconds = (performance.now() - startedAtMs) / 1_000;
  console.log(`${scenarios} scenarios, ${Math.round(scenarios / seconds)} a second, ${broken} broken, seed ${values.seed}`);
}

function save(outcome: Outcome): void {
  broken += 1;
  const folder = join('test', 'simulation', 'found');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${outcome.name.slice(0, 2)}-${outcome.broken?.seed}.json`);
  writeFileSync(path, `${JSON.stringify(outcome, undefined, 2)}\n`);
  console.log(`BROKEN ${outcome.name}: ${outcome.broken?.why}\n  saved as ${path}`);
}
